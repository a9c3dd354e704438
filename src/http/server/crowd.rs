//! The connections that are open. There are so many at the most; of too many, one goes
//! that does nothing, of the client that has most: so nobody keeps another out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Limits;

/// All connections.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    all: HashMap<u64, Arc<Member>>,
}

/// A connection's place in the crowd, until it is dropped.
#[derive(Debug)]
pub struct Place {
    id: u64,
    crowd: Arc<Crowd>,
    /// What is known of the connection.
    pub member: Arc<Member>,
}

/// A connection.
#[derive(Debug)]
pub struct Member {
    client: IpAddr,
    /// Ends it.
    pub cut: CancellationToken,
    work: Mutex<Work>,
}

#[derive(Debug)]
struct Work {
    next: u64,
    /// The requests that are not answered to the last byte, oldest first.
    requests: Vec<(u64, Instant)>,
    /// Where there is none: since when.
    idle_since: Instant,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub struct Request {
    id: u64,
    member: Arc<Member>,
}

impl Crowd {
    /// Nobody yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            most: limits.connections,
            members: Mutex::default(),
        }
    }

    /// Lets a connection in, for which another may have to go.
    pub fn admit(self: &Arc<Self>, address: IpAddr, cut: CancellationToken) -> Place {
        let member = Arc::new(Member {
            client: client(address),
            cut,
            work: Mutex::new(Work {
                next: 0,
                requests: Vec::new(),
                idle_since: Instant::now(),
            }),
        });
        let mut members = self.members();
        while members.all.len() >= self.most && evict(&mut members.all) {}
        let id = members.next;
        members.next += 1;
        members.all.insert(id, Arc::clone(&member));
        Place {
            id,
            crowd: Arc::clone(self),
            member,
        }
    }

    /// Ends a connection, where there is any.
    pub fn evict(&self) {
        evict(&mut self.members().all);
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the clients that have most, the connection that is idle for longest; where none is
/// idle, the one with the oldest request.
fn evict(members: &mut HashMap<u64, Arc<Member>>) -> bool {
    let mut counts = HashMap::new();
    for member in members.values() {
        *counts.entry(member.client).or_insert(0_usize) += 1;
    }
    let most = counts.values().max();
    let victim = members
        .iter()
        .filter(|(_, member)| counts.get(&member.client) == most)
        .min_by_key(|(_, member)| member.since())
        .map(|(id, _)| *id);
    let Some(member) = victim.and_then(|id| members.remove(&id)) else {
        return false;
    };
    member.cut.cancel();
    true
}

/// What counts as one client: an address, or, as anybody has 2^64 of them, a network of v6.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = u128::from(v6) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 => v4,
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.members().all.remove(&self.id);
    }
}

impl Member {
    /// A request begins.
    pub fn begin(self: &Arc<Self>) -> Request {
        let mut work = self.work();
        let id = work.next;
        work.next += 1;
        work.requests.push((id, Instant::now()));
        Request {
            id,
            member: Arc::clone(self),
        }
    }

    /// Waits until a request, its answer included, takes too long, or none comes.
    pub async fn overdue(&self, limits: &Limits) {
        loop {
            let deadline = match self.since() {
                (true, since) => since + limits.request,
                (false, since) => since + limits.idle,
            };
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    /// Whether it is busy, and since when it is so.
    fn since(&self) -> (bool, Instant) {
        let work = self.work();
        match work.requests.first() {
            Some((_, oldest)) => (true, *oldest),
            None => (false, work.idle_since),
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut work = self.member.work();
        work.requests.retain(|(id, _)| *id != self.id);
        if work.requests.is_empty() {
            work.idle_since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(connections: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(Limits {
            connections,
            ..Limits::default()
        }))
    }

    fn admit(crowd: &Arc<Crowd>, address: &str) -> Place {
        std::thread::sleep(std::time::Duration::from_millis(1)); // so that none is as old
        crowd.admit(address.parse().unwrap(), CancellationToken::new())
    }

    fn cut(places: &[&Place]) -> Vec<bool> {
        places
            .iter()
            .map(|place| place.member.cut.is_cancelled())
            .collect()
    }

    #[test]
    fn who_has_most_makes_room_and_of_his_own_the_one_idle_for_longest() {
        let crowd = crowd(4);
        let scraper = admit(&crowd, "192.0.2.1");
        let (busy, old) = (admit(&crowd, "192.0.2.2"), admit(&crowd, "192.0.2.2"));
        let request = busy.member.begin();
        let young = admit(&crowd, "192.0.2.2");
        let all = [&scraper, &busy, &old, &young];
        assert_eq!(cut(&all), [false; 4]);
        let third = admit(&crowd, "192.0.2.3");
        assert_eq!(cut(&all), [false, false, true, false]);
        let fourth = admit(&crowd, "192.0.2.4");
        assert_eq!(cut(&all), [false, false, true, true]);
        drop((third, fourth, request));
        assert_eq!(crowd.members().all.len(), 2);
    }

    #[test]
    fn where_all_are_busy_the_oldest_request_goes() {
        let crowd = crowd(2);
        let (first, second) = (admit(&crowd, "192.0.2.1"), admit(&crowd, "192.0.2.1"));
        let _later = second.member.begin();
        std::thread::sleep(std::time::Duration::from_millis(1));
        let _latest = first.member.begin();
        let _third = admit(&crowd, "192.0.2.1");
        assert_eq!(cut(&[&first, &second]), [false, true]);
        crowd.evict();
        assert_eq!(crowd.members().all.len(), 1);
    }

    #[test]
    fn what_one_client_is() {
        for (one, other, same) in [
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::1", "2001:db8::2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            let client = |text: &str| client(text.parse().unwrap());
            assert_eq!(client(one) == client(other), same, "{one} {other}");
        }
    }

    /// A place that was given away is not freed twice: the number is another's then.
    #[test]
    fn the_count_is_right_after_many() {
        let crowd = crowd(3);
        let mut places = Vec::new();
        for number in 0..50 {
            places.push(admit(&crowd, "192.0.2.1"));
            assert!(crowd.members().all.len() <= 3);
            if number % 2 == 0 {
                places.remove(0);
            }
        }
        drop(places);
        assert_eq!(crowd.members().all.len(), 0);
    }
}
