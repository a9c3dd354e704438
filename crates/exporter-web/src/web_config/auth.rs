//! Basic authentication against bcrypt hashes, such that a scrape costs nothing and an
//! attacker gets little: not the runtime's threads, not more than one core's time, not
//! memory, and no hint whether a user exists.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::HashParts;
use http::HeaderValue;
use ring::hmac;
use ring::rand::SystemRandom;
use s3_exporter_config::Secret;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// Answers that are remembered, good and bad ones apart, so that bad ones never push out
/// the good.
const REMEMBERED: usize = 1024;
/// Verifications that wait for their turn, in all and of one client: of one about a
/// second's work, at the usual cost of 10.
const WAITING: usize = 64;
const WAITING_OF_ONE: usize = 16;

/// Keyed with a random key, so that neither a look-up's time nor memory tell a password.
type Tag = [u8; 32];

/// The users, and what is known of the passwords that came.
#[derive(Debug)]
pub struct Auth {
    /// By the tags of their names.
    users: HashMap<Tag, Secret>,
    /// The highest of the hashes' costs: what every wrong answer costs.
    cost: u32,
    key: hmac::Key,
    known: Arc<Mutex<Known>>,
    queue: Arc<VerificationQueue>,
}

/// What came of the look at a request's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthDecision {
    /// A user with the right password.
    Granted,
    /// Anything else.
    Denied,
    /// Not looked at: too many are waiting.
    Busy,
}

/// The system gives none.
#[derive(Debug)]
pub struct NoRandomNumbers;

impl Auth {
    /// `None` without users.
    ///
    /// # Errors
    /// There can be no key for what is remembered.
    pub fn new(users: &BTreeMap<String, Secret>) -> Result<Option<Self>, NoRandomNumbers> {
        let Some(cost) = users.values().map(cost).max() else {
            return Ok(None);
        };
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| NoRandomNumbers)?;
        let mut auth = Self {
            users: HashMap::new(),
            cost,
            key,
            known: Arc::default(),
            queue: Arc::new(VerificationQueue::default()),
        };
        for (name, hash) in users {
            auth.users
                .insert(auth.tag(&[name.as_bytes()]), hash.clone());
        }
        Ok(Some(auth))
    }

    /// Whether the value of `Authorization` is good.
    pub async fn check(&self, header: Option<&HeaderValue>, client: IpAddr) -> AuthDecision {
        let Some((user, password)) = header.and_then(credentials) else {
            return AuthDecision::Denied;
        };
        let user = self.tag(&[&user]);
        let tag = self.tag(&[&user, &password]);
        if let Some(verdict) = self.remembered(&tag) {
            return verdict;
        }
        let Some(slot) = VerificationQueue::enter(&self.queue, client) else {
            return AuthDecision::Busy;
        };
        let Ok(turn) = Arc::clone(&self.queue.turn).acquire_owned().await else {
            return AuthDecision::Busy; // it is never closed
        };
        if let Some(verdict) = self.remembered(&tag) {
            return verdict; // the one before us had the same password
        }
        let (hash, cost) = (self.users.get(&user).cloned(), self.cost);
        let known = Arc::clone(&self.known);
        // To the end, though the client may be gone before.
        let verified = tokio::task::spawn_blocking(move || {
            tracing::debug!("verifying a password");
            let is_good = verify(&password, hash.as_ref(), cost);
            lock(&known).remember(tag, is_good);
            drop((turn, slot)); // now the next one can know it
            is_good
        });
        match verified.await {
            Ok(true) => AuthDecision::Granted,
            Ok(false) | Err(_) => AuthDecision::Denied,
        }
    }

    fn remembered(&self, tag: &Tag) -> Option<AuthDecision> {
        let known = lock(&self.known);
        if known.good.has(tag) {
            return Some(AuthDecision::Granted);
        }
        known.bad.has(tag).then_some(AuthDecision::Denied)
    }

    /// The parts have a fixed length, but for the last.
    fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(part);
        }
        let mut tag = Tag::default();
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type SecretBytes = Zeroizing<Vec<u8>>;

/// The user's name and the password.
fn credentials(header: &HeaderValue) -> Option<(SecretBytes, SecretBytes)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&bytes[..colon], &bytes[colon + 1..]);
    Some((user.to_vec().into(), password.to_vec().into()))
}

fn cost(hash: &Secret) -> u32 {
    let parts = hash.expose().parse::<HashParts>();
    parts.map_or(bcrypt::DEFAULT_COST, |parts| parts.get_cost()) // they are checked before
}

/// Takes the time of the cost `most` where the answer is no, be the user's own cost lower
/// or the user nobody.
fn verify(password: &[u8], hash: Option<&Secret>, most: u32) -> bool {
    let Some(hash) = hash else {
        spend(password, most);
        return false;
    };
    if bcrypt::verify(password, hash.expose()).unwrap_or(false) {
        return true;
    }
    // 2^c for the own cost c is spent; and 2^c + 2^c + 2^(c+1) + ... + 2^(most-1) = 2^most.
    (cost(hash)..most).for_each(|cost| spend(password, cost));
    false
}

fn spend(password: &[u8], cost: u32) {
    let _ = black_box(bcrypt::hash_with_salt(black_box(password), cost, [0; 16]));
}

#[derive(Debug, Default)]
struct Known {
    good: Tags,
    bad: Tags,
}

impl Known {
    fn remember(&mut self, tag: Tag, is_good: bool) {
        match is_good {
            true => self.good.add(tag),
            false => self.bad.add(tag),
        }
    }
}

/// The latest [`REMEMBERED`].
#[derive(Debug, Default)]
struct Tags {
    all: HashSet<Tag>,
    order: VecDeque<Tag>,
}

impl Tags {
    fn has(&self, tag: &Tag) -> bool {
        self.all.contains(tag)
    }

    fn add(&mut self, tag: Tag) {
        if !self.all.insert(tag) {
            return;
        }
        self.order.push_back(tag);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

/// One verification at a time, and not too many that wait.
#[derive(Debug)]
struct VerificationQueue {
    turn: Arc<Semaphore>,
    waiting: Mutex<HashMap<IpAddr, usize>>,
}

impl Default for VerificationQueue {
    fn default() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            waiting: Mutex::default(),
        }
    }
}

/// A place in the queue, until it is dropped.
struct QueueSlot {
    queue: Arc<VerificationQueue>,
    client: IpAddr,
}

impl VerificationQueue {
    fn enter(queue: &Arc<Self>, client: IpAddr) -> Option<QueueSlot> {
        let mut waiting = lock(&queue.waiting);
        let all: usize = waiting.values().sum();
        let own = waiting.get(&client).copied().unwrap_or(0);
        if all >= WAITING || own >= WAITING_OF_ONE {
            return None;
        }
        waiting.insert(client, own + 1);
        Some(QueueSlot {
            queue: Arc::clone(queue),
            client,
        })
    }
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        let mut waiting = lock(&self.queue.waiting);
        match waiting.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(waiting.remove(&self.client)),
        }
    }
}

#[cfg(test)]
mod tests;
