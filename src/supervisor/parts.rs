//! What runs, and how it begins, goes on in another way and ends.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::interner::Interner;
use crate::resolver::{self, Publisher, Resolver, ResolverHandle};
use crate::scan::ScanContext;
use crate::schedule::{Runner, RunnerSettings};
use crate::snapshot::DestinationSnapshot;
use crate::state::State;
use crate::store::Bound;

/// Dropping it has it end, some time.
type Task = AbortOnDropHandle<()>;

/// Ends a task, and waits until nothing of it runs.
async fn end(task: &mut Option<Task>) {
    if let Some(running) = task {
        running.abort();
        let _ = running.await; // that it was cancelled
    }
    *task = None;
}

/// A resolver at work.
#[derive(Debug)]
pub(super) struct Resolving {
    publisher: Arc<Publisher>,
    pub handle: ResolverHandle,
    task: Option<Task>,
}

impl Resolving {
    /// Must be called within a tokio runtime.
    pub fn start(name: &Arc<str>, resolver: &Arc<dyn Resolver>) -> Self {
        let (publisher, handle) = resolver::channel(Arc::clone(name));
        let mut resolving = Self {
            publisher: Arc::new(publisher),
            handle,
            task: None,
        };
        resolving.run(resolver);
        resolving
    }

    /// Asks another source from now on; who follows it does not notice.
    pub async fn change(&mut self, resolver: &Arc<dyn Resolver>) {
        end(&mut self.task).await;
        self.publisher.renew();
        self.run(resolver);
    }

    fn run(&mut self, resolver: &Arc<dyn Resolver>) {
        let running = resolver::keep_running(Arc::clone(resolver), Arc::clone(&self.publisher));
        self.task = Some(Task::new(tokio::spawn(running)));
    }

    pub async fn end(mut self) {
        end(&mut self.task).await;
    }
}

/// What all destinations of the process share.
#[derive(Debug)]
pub(super) struct ProcessWide {
    /// The bound on list requests in flight.
    pub requests: Bound,
    /// The bound on audits at a time.
    pub audits: Arc<Semaphore>,
    pub interner: Arc<Interner>,
}

/// A destination that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    change: watch::Sender<Option<RunnerSettings>>,
    pub published: watch::Receiver<Arc<DestinationSnapshot>>,
    /// `None` once it is at work. (Apart, as it is large and mostly not there.)
    runner: Option<Box<Runner>>,
    task: Option<Task>,
}

impl Watched {
    pub fn new(settings: RunnerSettings, shared: &ProcessWide) -> Self {
        let RunnerSettings {
            destination,
            store,
            names,
            schedules,
        } = settings;
        let scan = ScanContext::new(destination, store, Arc::clone(shared.requests.permits()));
        let (mut runner, published) = Runner::new(scan, names);
        runner.follow_schedules(schedules);
        runner.share_audits(Arc::clone(&shared.audits));
        runner.share_names(Arc::clone(&shared.interner));
        Self {
            change: runner.settings(),
            published,
            runner: Some(Box::new(runner)),
            task: None,
        }
    }

    /// Its runner, while it is not at work.
    pub fn runner(&mut self) -> Option<&mut Runner> {
        self.runner.as_deref_mut()
    }

    pub fn is_at_work(&self) -> bool {
        self.runner.is_none()
    }

    pub fn start(&mut self) {
        if let Some(runner) = self.runner.take() {
            self.task = Some(Task::new(tokio::spawn(runner.run())));
        }
    }

    /// Starts it if it is new, from what was kept of it: a destination may come back.
    pub async fn go_on(&mut self, state: Option<&Arc<State>>) {
        if let (Some(state), Some(runner)) = (state, &mut self.runner) {
            let destination = Arc::clone(&self.published.borrow().destination);
            let folder = Arc::clone(state);
            let kept = tokio::task::spawn_blocking(move || folder.load(&destination)).await;
            runner.go_on(kept.ok().flatten(), Arc::clone(state)); // a panic of ours left nothing
        }
        self.start();
    }

    /// Has its runner take on other settings, which it publishes soon.
    pub fn change(&self, settings: RunnerSettings) {
        self.change.send_replace(Some(settings));
    }

    /// Where this is broken off, it may be called again.
    pub async fn end(&mut self) {
        end(&mut self.task).await;
    }
}
