//! A connection to an engine that speaks Arrow Flight SQL.

use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{FlightInfo, HandshakeRequest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::TryStreamExt;
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_settings::unusable;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use super::Engine;
use crate::error::internal;

/// To connect.
const PATIENCE: Duration = Duration::from_secs(10);
/// While a statement runs nothing is said for as long as it takes; an engine that is gone is missed by this.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// To take away what was made; it goes with its session anyway.
const TIDYING: Duration = Duration::from_secs(5);
/// Of one message: some thousand rows.
const MOST_BYTES: usize = 64 << 20;
/// What an engine says of a fault may be a page long.
const MOST_CHARS: usize = 400;

/// Filters that an aggregation makes while it runs have given a wrong MIN and MAX in DataFusion, in silence.
const CAREFUL: &str = "SET datafusion.optimizer.enable_dynamic_filter_pushdown = false";

/// What was made in it is there for those who ask in it, and nobody else.
pub struct Session {
    client: FlightSqlServiceClient<Channel>,
    action: String,
}

impl Session {
    /// Connects, and logs in where there is a password.
    ///
    /// # Errors
    /// Nobody is there, or the login is refused.
    pub async fn open(engine: &Engine) -> Result<Self, BackendError> {
        // Without a login, as that is never in it.
        let url = engine.url.as_str().trim_end_matches('/');
        let action = format!("asking the engine at {url}");
        let channel = connect(url, &action).await?;
        let client = FlightServiceClient::new(channel).max_decoding_message_size(MOST_BYTES);
        let client = FlightSqlServiceClient::new_from_inner(client);
        let mut session = Self { client, action };
        session.log_in(engine).await?;
        // One that knows no such setting has no such filters, or counts right: it is held against its own count.
        let _ = session.ask(CAREFUL.to_owned(), usize::MAX).await;
        Ok(session)
    }

    /// What is tried, and where, for an error.
    pub fn action(&self) -> &str {
        &self.action
    }

    async fn log_in(&mut self, engine: &Engine) -> Result<(), BackendError> {
        let mut request = Request::new(futures::stream::iter([HandshakeRequest::default()]));
        if let Some(login) = &engine.login {
            let password = login.password.read().map_err(unusable)?;
            let both = format!("{}:{}", login.username, password.expose());
            let header = format!("Basic {}", BASE64_STANDARD.encode(both));
            let value = MetadataValue::try_from(header);
            let mut value =
                value.map_err(|_| internal(&*self.action, "no header holds the login"))?;
            value.set_sensitive(true);
            request.metadata_mut().insert("authorization", value);
        }
        let answer = self.client.inner_mut().handshake(request).await;
        let answer = match answer {
            // It has no sessions of its own.
            Err(status) if status.code() == Code::Unimplemented && engine.login.is_none() => {
                return Ok(());
            }
            answer => answer.map_err(|status| self.refused(&status))?,
        };
        let token = answer.metadata().get("authorization");
        let token = token.and_then(|token| token.to_str().ok()?.strip_prefix("Bearer "));
        if let Some(token) = token.map(str::to_owned) {
            self.client.set_token(token);
        }
        let rest = answer.into_inner().try_collect::<Vec<_>>().await;
        rest.map_err(|status| self.refused(&status)).map(drop)
    }

    /// Runs statements that have no answer.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn make(&mut self, statements: &[String]) -> Result<(), BackendError> {
        for statement in statements {
            self.ask(statement.clone(), usize::MAX).await?;
        }
        Ok(())
    }

    /// Runs statements of which it does not matter whether they could be run.
    pub async fn drop(&mut self, statements: &[String]) {
        let _ = tokio::time::timeout(TIDYING, self.make(statements)).await;
    }

    /// Runs a statement, and fetches its answer over this connection, wherever else it may lie.
    ///
    /// # Errors
    /// The engine cannot, or answers with more than so many rows.
    pub async fn ask(
        &mut self,
        statement: String,
        most: usize,
    ) -> Result<Vec<RecordBatch>, BackendError> {
        let info: Result<FlightInfo, _> = self.client.execute(statement, None).await;
        let info = info.map_err(|error| self.failed(error))?;
        let (mut batches, mut rows) = (Vec::new(), 0);
        for ticket in info.endpoint.into_iter().filter_map(|of| of.ticket) {
            let stream = self.client.do_get(ticket).await;
            let mut stream = stream.map_err(|error| self.failed(error))?;
            while let Some(batch) = stream
                .try_next()
                .await
                .map_err(|error| self.failed(error))?
            {
                rows += batch.num_rows();
                if rows > most {
                    let reason =
                        format!("it answers with more than the {most} rows that there can be");
                    return Err(BackendError::new(
                        FailureKind::Protocol,
                        &*self.action,
                        reason,
                    ));
                }
                batches.push(batch);
            }
        }
        Ok(batches)
    }

    fn failed(&self, error: FlightError) -> BackendError {
        match error {
            FlightError::Tonic(status) => self.refused(&status),
            error => BackendError::new(
                FailureKind::Protocol,
                &*self.action,
                "its answer makes no sense",
            )
            .with_source(error),
        }
    }

    fn refused(&self, status: &Status) -> BackendError {
        let says: String = status.message().chars().take(MOST_CHARS).collect();
        let (kind, advice) = match status.code() {
            Code::Unauthenticated => (
                FailureKind::Credentials,
                "correct `engine_username` and `engine_password`",
            ),
            Code::PermissionDenied => (
                FailureKind::Denied,
                "give the engine's user the right to it",
            ),
            Code::Unimplemented => (
                FailureKind::Protocol,
                "name a server of Arrow Flight SQL; Ballista's scheduler is one with `--flight-sql`",
            ),
            Code::DeadlineExceeded | Code::Cancelled => (
                FailureKind::Timeout,
                "give the destination a longer `timeout`",
            ),
            Code::Unavailable => (
                FailureKind::Connect,
                "see whether the engine is still there",
            ),
            _ => (
                FailureKind::Unavailable,
                "see the engine's log; its workers need the right to read the reports' bucket",
            ),
        };
        let reason = format!("it says {says:?}");
        BackendError::new(kind, &*self.action, reason).with_advice(advice)
    }
}

async fn connect(url: &str, action: &str) -> Result<Channel, BackendError> {
    let unusable = |error: tonic::transport::Error| {
        BackendError::new(
            FailureKind::Internal,
            action,
            "no connection can be made so",
        )
        .with_source(error)
    };
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(unusable)?;
    let endpoint = endpoint
        .connect_timeout(PATIENCE)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    let is_tls = url.starts_with("https://");
    let endpoint = match is_tls {
        true => endpoint
            .tls_config(ClientTlsConfig::new().with_native_roots())
            .map_err(unusable)?,
        false => endpoint,
    };
    endpoint.connect().await.map_err(|error| {
        let is_of_tls = |cause: &(dyn std::error::Error + 'static)| {
            let text = cause.to_string();
            text.contains("certificate") || text.contains("InvalidContentType")
        };
        let kind = match is_tls && s3_exporter_api::causes(&error).any(is_of_tls) {
            true => FailureKind::Tls,
            false => FailureKind::Connect,
        };
        BackendError::new(kind, action, "there is no connection")
            .with_advice("see whether it runs, and correct `engine`")
            .with_source(error)
    })
}
