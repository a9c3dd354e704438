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
pub struct ConnectionLimiter {
    most: usize,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    next: u64,
    all: HashMap<u64, Arc<OpenConnection>>,
}

/// A connection's place among those that are open, until it is dropped.
#[derive(Debug)]
pub struct ConnectionGuard {
    id: u64,
    limiter: Arc<ConnectionLimiter>,
    /// What is known of the connection.
    pub connection: Arc<OpenConnection>,
}

/// A connection.
#[derive(Debug)]
pub struct OpenConnection {
    client: IpAddr,
    /// Ends it.
    pub cut: CancellationToken,
    work: Mutex<Activity>,
}

#[derive(Debug)]
struct Activity {
    next: u64,
    /// The requests that are not answered to the last byte, oldest first.
    requests: Vec<(u64, Instant)>,
    /// Where there is none: since when.
    idle_since: Instant,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub struct RequestGuard {
    id: u64,
    connection: Arc<OpenConnection>,
}

impl ConnectionLimiter {
    /// Nobody yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            most: limits.connections,
            open: Mutex::default(),
        }
    }

    /// Lets a connection in, for which another may have to go.
    pub fn admit(self: &Arc<Self>, address: IpAddr, cut: CancellationToken) -> ConnectionGuard {
        let connection = Arc::new(OpenConnection {
            client: client(address),
            cut,
            work: Mutex::new(Activity {
                next: 0,
                requests: Vec::new(),
                idle_since: Instant::now(),
            }),
        });
        let mut open = self.open();
        while open.all.len() >= self.most && evict(&mut open.all) {}
        let id = open.next;
        open.next += 1;
        open.all.insert(id, Arc::clone(&connection));
        ConnectionGuard {
            id,
            limiter: Arc::clone(self),
            connection,
        }
    }

    /// Ends a connection, where there is any.
    pub fn evict(&self) {
        evict(&mut self.open().all);
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of the clients that have most, the connection that is idle for longest; where none is
/// idle, the one with the oldest request.
fn evict(open: &mut HashMap<u64, Arc<OpenConnection>>) -> bool {
    let mut counts = HashMap::new();
    for connection in open.values() {
        *counts.entry(connection.client).or_insert(0_usize) += 1;
    }
    let most = counts.values().max();
    let victim = open
        .iter()
        .filter(|(_, connection)| counts.get(&connection.client) == most)
        .min_by_key(|(_, connection)| connection.since())
        .map(|(id, _)| *id);
    let Some(connection) = victim.and_then(|id| open.remove(&id)) else {
        return false;
    };
    connection.cut.cancel();
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

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.limiter.open().all.remove(&self.id);
    }
}

impl OpenConnection {
    /// A request begins.
    pub fn begin(self: &Arc<Self>) -> RequestGuard {
        let mut work = self.work();
        let id = work.next;
        work.next += 1;
        work.requests.push((id, Instant::now()));
        RequestGuard {
            id,
            connection: Arc::clone(self),
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

    fn work(&self) -> MutexGuard<'_, Activity> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut work = self.connection.work();
        work.requests.retain(|(id, _)| *id != self.id);
        if work.requests.is_empty() {
            work.idle_since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(connections: usize) -> Arc<ConnectionLimiter> {
        Arc::new(ConnectionLimiter::new(Limits {
            connections,
            ..Limits::default()
        }))
    }

    fn admit(limiter: &Arc<ConnectionLimiter>, address: &str) -> ConnectionGuard {
        std::thread::sleep(std::time::Duration::from_millis(1)); // so that none is as old
        limiter.admit(address.parse().unwrap(), CancellationToken::new())
    }

    fn cut(places: &[&ConnectionGuard]) -> Vec<bool> {
        places
            .iter()
            .map(|place| place.connection.cut.is_cancelled())
            .collect()
    }

    #[test]
    fn who_has_most_makes_room_and_of_his_own_the_one_idle_for_longest() {
        let limiter = limiter(4);
        let scraper = admit(&limiter, "192.0.2.1");
        let (busy, old) = (admit(&limiter, "192.0.2.2"), admit(&limiter, "192.0.2.2"));
        let request = busy.connection.begin();
        let young = admit(&limiter, "192.0.2.2");
        let all = [&scraper, &busy, &old, &young];
        assert_eq!(cut(&all), [false; 4]);
        let third = admit(&limiter, "192.0.2.3");
        assert_eq!(cut(&all), [false, false, true, false]);
        let fourth = admit(&limiter, "192.0.2.4");
        assert_eq!(cut(&all), [false, false, true, true]);
        drop((third, fourth, request));
        assert_eq!(limiter.open().all.len(), 2);
    }

    #[test]
    fn where_all_are_busy_the_oldest_request_goes() {
        let limiter = limiter(2);
        let (first, second) = (admit(&limiter, "192.0.2.1"), admit(&limiter, "192.0.2.1"));
        let _later = second.connection.begin();
        std::thread::sleep(std::time::Duration::from_millis(1));
        let _latest = first.connection.begin();
        let _third = admit(&limiter, "192.0.2.1");
        assert_eq!(cut(&[&first, &second]), [false, true]);
        limiter.evict();
        assert_eq!(limiter.open().all.len(), 1);
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
        let limiter = limiter(3);
        let mut places = Vec::new();
        for number in 0..50 {
            places.push(admit(&limiter, "192.0.2.1"));
            assert!(limiter.open().all.len() <= 3);
            if number % 2 == 0 {
                places.remove(0);
            }
        }
        drop(places);
        assert_eq!(limiter.open().all.len(), 0);
    }
}
