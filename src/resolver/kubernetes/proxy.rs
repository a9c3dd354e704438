//! Proxies: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case of
//! letters, as curl reads them. kube looks for the proxy's own address in `NO_PROXY` instead
//! of the API server's, and in a pod for no proxy at all.

use hyper_util::client::proxy::matcher::Matcher;

use super::source::Environment;

/// The proxy that the environment names for this address, by curl's rules.
pub(super) fn of(
    server: &http::Uri,
    environment: Environment<'_>,
) -> Result<Option<http::Uri>, String> {
    let first = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| environment(name))
            .and_then(|value| value.into_string().ok())
            .unwrap_or_default()
    };
    let mut url = match server.scheme_str() {
        Some("http") => first(&["HTTP_PROXY", "http_proxy"]),
        _ => first(&["HTTPS_PROXY", "https_proxy"]),
    };
    if url.is_empty() {
        url = first(&["ALL_PROXY", "all_proxy"]);
    }
    let matcher = Matcher::builder()
        .all(url.as_str())
        .no(first(&["NO_PROXY", "no_proxy"]))
        .build();
    match matcher.intercept(server) {
        Some(_) => parse(&url).map(Some),
        None => Ok(None),
    }
}

/// Of a proxy without a scheme, http is meant. Its address may hold a password, so it is
/// not shown.
pub(super) fn parse(url: &str) -> Result<http::Uri, String> {
    let url = match url.contains("://") {
        true => url.to_owned(),
        false => format!("http://{url}"),
    };
    url.parse()
        .map_err(|error| format!("the proxy's address is not a URL: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_names_the_proxy_of_what_is_not_excepted() {
        let environment = |name: &str| match name {
            "https_proxy" => Some("proxy.lan:3128".into()),
            "NO_PROXY" => Some("localhost, 10.0.0.0/8,.internal,".into()),
            _ => None,
        };
        let proxy = |server: &str| {
            let found = of(&server.parse().unwrap(), &environment).unwrap();
            found.map(|uri| uri.to_string())
        };
        let expected = Some("http://proxy.lan:3128/".to_owned());
        assert_eq!(proxy("https://kubernetes.example:6443"), expected);
        for direct in [
            "https://10.1.2.3",
            "https://api.internal:6443",
            "https://localhost:6443",
            "http://kubernetes.example", // HTTP_PROXY is another
        ] {
            assert_eq!(proxy(direct), None, "{direct}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_told() {
        let error = parse("http://user:hunter2@[").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
