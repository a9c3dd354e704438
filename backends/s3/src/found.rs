//! What the SDK's usual places say of where the store is, for a section that does not.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use aws_config::profile;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::{EnvConfigSource, EnvConfigValue};
use aws_types::origin::Origin;
use aws_types::os_shim_internal::{Env, Fs};
use s3_exporter_config::Url;

/// Looked up once, when it is first asked for: files are read.
#[derive(Clone, Default)]
pub struct Lookup(Arc<OnceLock<SdkSettings>>);

impl Lookup {
    /// What there is for this profile, or that of the environment.
    pub fn get(&self, profile: Option<&str>) -> &SdkSettings {
        self.0.get_or_init(|| SdkSettings::look(profile))
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

/// What was found, each with its place.
#[derive(Debug, Default)]
pub struct SdkSettings {
    /// `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or a profile's `endpoint_url`. What is no
    /// address is an error, which does not show it.
    pub endpoint: Option<(Result<Url, BadEndpoint>, String)>,
    region: Option<(String, String)>,
    fips: Option<String>,
    dual_stack: Option<String>,
}

/// Not an address of http or https.
#[derive(Debug)]
pub struct BadEndpoint;

impl SdkSettings {
    fn look(profile: Option<&str>) -> Self {
        let environment = Env::real();
        let profiles = profiles(&environment, profile).unwrap_or_default();
        let value = |variable: &'static str, key: &'static str, service: Option<&'static str>| {
            let mut place = EnvConfigValue::new().env(variable).profile(key);
            if let Some(service) = service {
                place = place.service_id(service);
            }
            let (value, source) = place.load(&environment, Some(&profiles))?;
            let source = place_of(&source, variable, &profiles);
            let value = value.into_owned();
            (!value.is_empty()).then_some((value, source))
        };
        let is_on = |variable, key| {
            let (value, source) = value(variable, key, None)?;
            value.eq_ignore_ascii_case("true").then_some(source)
        };
        let ignored = is_on(
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "ignore_configured_endpoint_urls",
        );
        let endpoint = value("AWS_ENDPOINT_URL", "endpoint_url", Some("S3"));
        Self {
            endpoint: endpoint
                .filter(|_| ignored.is_none())
                .map(|(url, source)| (address(&url).ok_or(BadEndpoint), source)),
            region: value("AWS_REGION", "region", None)
                .filter(|(_, source)| !source.starts_with("the profile"))
                .or_else(|| value("AWS_DEFAULT_REGION", "region", None)),
            fips: is_on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            dual_stack: is_on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
        }
    }

    /// The endpoint, where it is one.
    pub fn endpoint(&self) -> Option<&Url> {
        let (url, _) = self.endpoint.as_ref()?;
        url.as_ref().ok()
    }

    /// In lines for people; the region only where the section names none.
    pub fn lines(&self, has_region: bool) -> Vec<String> {
        let endpoint = self.endpoint.as_ref().map(|(url, source)| match url {
            Ok(_) => format!("this endpoint is from {source}"),
            Err(_) => format!("{source} is no address of http or https"),
        });
        let region = self.region.as_ref().filter(|_| !has_region);
        let region = region.map(|(region, source)| format!("region {region:?} from {source}"));
        let fips = self.fips.as_ref();
        let fips = fips.map(|source| format!("endpoints with FIPS by {source}"));
        let dual_stack = self.dual_stack.as_ref();
        let dual_stack = dual_stack.map(|source| format!("dual-stack endpoints by {source}"));
        [endpoint, region, fips, dual_stack]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn place_of(source: &EnvConfigSource<'_>, variable: &str, profiles: &EnvConfigSections) -> String {
    let origin: Origin = source.into();
    let profile = profiles.selected_profile();
    if origin == Origin::service_environment_variable() {
        format!("the environment variable {variable}_S3")
    } else if origin == Origin::shared_environment_variable() {
        format!("the environment variable {variable}")
    } else if origin == Origin::service_profile_file() {
        format!("the profile {profile:?}, its services")
    } else {
        format!("the profile {profile:?}")
    }
}

fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

/// The files of profiles. Those that make no sense say nothing here; the SDK tells of them
/// when it looks for credentials there.
fn profiles(environment: &Env, profile: Option<&str>) -> Option<EnvConfigSections> {
    let (fs, files) = (Fs::real(), EnvConfigFiles::default());
    let profile = profile.map(|name| name.to_owned().into());
    let loading = pin!(profile::load(&fs, environment, &files, profile));
    // It reads files in place, and has nothing to wait for.
    match loading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(loaded) => loaded.ok(),
        Poll::Pending => None,
    }
}
