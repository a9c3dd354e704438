//! One connection to the API server, from opening it to the first thing that goes wrong.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use kube::api::{ListParams, WatchParams};
use kube::core::GroupVersion;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::KubernetesResolver;
use super::access::{self, Access};
use super::error::AccessError;
use super::failure::ApiContext;
use super::kind::{Object, ResourceKind};
use super::objects::ObjectSet;
use crate::resolver::{Publisher, unblocked};

/// How long a small request may take. With [`CONFIRM`]: how soon a silent API server is
/// noticed.
const REQUEST: Duration = Duration::from_secs(4);
/// How often a request shows that the API server, our rights and the kind are still
/// there: an idle watch shows nothing, and one that is open survives the loss of rights.
const CONFIRM: Duration = Duration::from_secs(4);
/// How long a page of the list may take.
const PAGE: Duration = Duration::from_secs(20);
/// The API server ends each watch after this many seconds, and the next one goes on from
/// there. So short because a connection may be dead with nobody telling us.
const WATCH_SECONDS: u32 = 30;
/// Changes within this time are told together: thousands a second cost little then.
const GATHER: Duration = Duration::from_millis(200);
/// The pause before listing again where the watch's place in history has expired.
const RELIST: Duration = Duration::from_secs(1);
/// How long reading the kubeconfig and running its exec plug-in may take.
const OPEN: Duration = Duration::from_secs(10);

/// What is read of the objects of a kind, and told.
#[async_trait]
pub(super) trait Reader: Send + Sync {
    /// How much of an object is asked for.
    type Object: Object;
    /// What is kept of each.
    type Value: PartialEq + Send + Sync;

    /// What is kept of an object.
    fn read(&self, object: &Self::Object) -> Self::Value;

    /// Whether something that has been told is not among these.
    fn lacks(&self, objects: &ObjectSet<Self::Value>, publisher: &Publisher) -> bool;

    /// Tells what these come to: they are all there are.
    async fn tell(
        &mut self,
        objects: &ObjectSet<Self::Value>,
        client: &Client,
        publisher: &Publisher,
    );

    /// Tells that they are still what they were.
    async fn confirm(&mut self, _: &ObjectSet<Self::Value>, _: &Client, publisher: &Publisher) {
        publisher.confirm();
    }
}

/// How a session ended.
pub(super) enum SessionEnd {
    /// It cannot go on, and here is why.
    Failed(String),
    /// It was well, and then the watch broke: that may mean nothing.
    Broken(String),
    /// The kubeconfig says something else now.
    Renewed,
}

/// Follows the objects until something ends it.
pub(super) async fn follow<R: Reader>(
    config: &KubernetesResolver,
    publisher: &Publisher,
    reader: &mut R,
) -> SessionEnd {
    let run = async {
        let session = Session::<R::Object>::open(config, publisher).await?;
        session.check_rights().await?;
        session.watch(reader).await
    };
    match run.await {
        Ok(never) => match never {},
        Err(ended) => ended,
    }
}

struct Session<'a, K> {
    config: &'a KubernetesResolver,
    publisher: &'a Publisher,
    access: Access,
    kind: ResourceKind,
    api: Api<K>,
}

impl<'a, K: Object> Session<'a, K> {
    async fn open(
        config: &'a KubernetesResolver,
        publisher: &'a Publisher,
    ) -> Result<Self, SessionEnd> {
        let failed =
            |error: AccessError| SessionEnd::Failed(format!("connecting to Kubernetes: {error}"));
        let complaint = "connecting to Kubernetes: reading the kubeconfig, or running the exec plug-in that it names, takes very long";
        let owned = config.clone();
        let access = unblocked(publisher, OPEN, complaint, move || access::open(&owned))
            .await
            .map_err(failed)?;
        let place = place(config, &access, None);
        let kind = discover(config, &access, &place).await?;
        let api = kind
            .api(access.client.clone(), config)
            .map_err(|reason| SessionEnd::Failed(place.failure(&reason)))?;
        Ok(Self {
            config,
            publisher,
            access,
            kind,
            api,
        })
    }

    /// Both rights that a watch needs, so that a missing one is told before any name is.
    async fn check_rights(&self) -> Result<(), SessionEnd> {
        let version = self.confirm().await?;
        let params = WatchParams {
            label_selector: self.config.label_selector.clone(),
            field_selector: self.config.field_selector.clone(),
            timeout: Some(1),
            ..WatchParams::default()
        };
        let watch = self.api.watch(&params, &version);
        drop(self.ask(watch).await?); // that it began is all we want to know
        Ok(())
    }

    /// A list of at most one object: that the API server answers it shows that all is
    /// well. Gives the list's resource version.
    async fn confirm(&self) -> Result<String, SessionEnd> {
        let params = ListParams {
            label_selector: self.config.label_selector.clone(),
            field_selector: self.config.field_selector.clone(),
            limit: Some(1),
            ..ListParams::default()
        };
        let list = self.ask(self.api.list(&params)).await?;
        Ok(list.metadata.resource_version.unwrap_or_default())
    }

    async fn watch<R: Reader<Object = K>>(&self, reader: &mut R) -> Result<Infallible, SessionEnd> {
        let mut events = pin!(watcher(self.api.clone(), self.watch_config()));
        let mut objects = ObjectSet::default();
        let mut listing = Some(ObjectSet::default());
        let mut page_until = Instant::now() + PAGE;
        let mut tell_at = None;
        let mut told = false;
        let mut confirm = interval_at(Instant::now() + CONFIRM, CONFIRM);
        confirm.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.next() => {
                    page_until = Instant::now() + PAGE;
                    let changed = match event {
                        None => return Err(SessionEnd::Broken(self.place().failure("the watch ended"))),
                        Some(Ok(event)) => take(event, reader, &mut objects, &mut listing),
                        Some(Err(error)) if is_expired(&error) => {
                            tracing::debug!("the watch's place in history has expired: listing again");
                            tokio::time::sleep(RELIST).await;
                            false
                        }
                        Some(Err(error)) => return Err(self.broken(&error, told)),
                    };
                    if changed {
                        tell_at.get_or_insert(Instant::now() + GATHER);
                    }
                }
                () = sleep_until(tell_at.unwrap_or(page_until)), if tell_at.is_some() => {
                    tell_at = None;
                    self.tell(&objects, reader).await?;
                    told = true;
                }
                () = sleep_until(page_until), if listing.is_some() => {
                    let reason = format!("no answer to a list for {} s", PAGE.as_secs());
                    return Err(SessionEnd::Failed(self.place().failure(&reason)));
                }
                _ = confirm.tick(), if told => {
                    self.check_kubeconfig().await?;
                    self.confirm().await?;
                    reader.confirm(&objects, &self.access.client, self.publisher).await;
                }
            }
        }
    }

    /// Tells a complete set; one that lacks what is known only where the kind is whole.
    async fn tell<R: Reader>(
        &self,
        objects: &ObjectSet<R::Value>,
        reader: &mut R,
    ) -> Result<(), SessionEnd> {
        if reader.lacks(objects, self.publisher) {
            discover(self.config, &self.access, &self.place()).await?;
        }
        let client = &self.access.client;
        reader.tell(objects, client, self.publisher).await;
        Ok(())
    }

    async fn check_kubeconfig(&self) -> Result<(), SessionEnd> {
        let followed = self.access.followed.clone();
        let complaint = "reading the kubeconfig: the file system does not answer";
        let look = move || followed.hold_something_else();
        match unblocked(self.publisher, OPEN, complaint, look).await {
            true => Err(SessionEnd::Renewed),
            false => Ok(()),
        }
    }

    fn watch_config(&self) -> watcher::Config {
        watcher::Config {
            label_selector: self.config.label_selector.clone(),
            field_selector: self.config.field_selector.clone(),
            ..watcher::Config::default().timeout(WATCH_SECONDS)
        }
    }

    async fn ask<T>(
        &self,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, SessionEnd> {
        ask(&self.place(), request).await
    }

    fn place(&self) -> ApiContext<'_> {
        place(self.config, &self.access, Some(&self.kind))
    }

    fn broken(&self, error: &watcher::Error, told: bool) -> SessionEnd {
        let reason = self.place().explain_watch(error);
        match told {
            true => SessionEnd::Broken(reason),
            false => SessionEnd::Failed(reason),
        }
    }
}

fn place<'a>(
    config: &'a KubernetesResolver,
    access: &'a Access,
    kind: Option<&ResourceKind>,
) -> ApiContext<'a> {
    ApiContext {
        config,
        server: &access.server,
        source: &access.source,
        kind: kind.map(ResourceKind::name),
    }
}

/// Looks for the kind, which must be there and not on its way out.
async fn discover(
    config: &KubernetesResolver,
    access: &Access,
    place: &ApiContext<'_>,
) -> Result<ResourceKind, SessionEnd> {
    let version: GroupVersion = config.api_version.parse().map_err(|_| {
        SessionEnd::Failed(place.failure("api_version must be GROUP/VERSION or VERSION"))
    })?;
    let kind = ask(
        place,
        ResourceKind::discover(&access.client, version, &config.kind),
    )
    .await?;
    if kind.is_being_removed() {
        let reason = format!(
            "the API server is removing the kind {} with all its objects; if that is not meant, restore its CRD",
            kind.name()
        );
        return Err(SessionEnd::Failed(place.failure(&reason)));
    }
    Ok(kind)
}

async fn ask<T>(
    place: &ApiContext<'_>,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, SessionEnd> {
    match timeout(REQUEST, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(SessionEnd::Failed(place.explain(&error))),
        Err(_) => {
            let reason = format!("no answer within {} s", REQUEST.as_secs());
            Err(SessionEnd::Failed(place.failure(&reason)))
        }
    }
}

/// Whether the place in history from which to go on is too old: the watcher lists anew.
fn is_expired(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::WatchError(status) => status.code == 410,
        watcher::Error::InitialListFailed(kube::Error::Api(status)) => status.code == 410,
        _ => false,
    }
}

/// Puts an event into the objects, or, while they are listed, into the new list, which
/// replaces them when it is complete. True where there is something to tell.
fn take<R: Reader>(
    event: Event<R::Object>,
    reader: &R,
    objects: &mut ObjectSet<R::Value>,
    listing: &mut Option<ObjectSet<R::Value>>,
) -> bool {
    match event {
        Event::Init => {
            *listing = Some(ObjectSet::default());
            false
        }
        Event::InitApply(object) => {
            let value = reader.read(&object);
            listing.get_or_insert_default().apply(object.meta(), value);
            false
        }
        Event::InitDone => {
            *objects = listing.take().unwrap_or_default();
            true
        }
        Event::Apply(object) => objects.apply(object.meta(), reader.read(&object)),
        Event::Delete(object) => objects.delete(object.meta()),
    }
}
