use minio::s3::http::BaseUrl;
use percent_encoding::percent_decode_str;
use s3_exporter_config::Url;

/// Where a store is, and how its buckets are addressed there.
#[derive(Clone, Debug)]
pub struct Address {
    scheme: String,
    /// Host and, where it is not the scheme's, port: what a signature holds for.
    authority: String,
    /// What comes before a bucket, such as `/s3`; without a slash at its end, and without
    /// percent signs in place of characters.
    path: String,
    /// The bucket's name goes before the host's: AWS's own hosts and Alibaba's, which want it.
    names_hosts: bool,
    https: bool,
    region: Option<String>,
}

impl Address {
    /// Of the section's endpoint.
    pub fn new(endpoint: &Url) -> Self {
        // What MinIO's client makes of the endpoint. It refuses hosts of AWS that are no store
        // of AWS's, and takes half a region from a load balancer's name: for those nothing
        // follows from the name.
        let known = endpoint.as_str().parse::<BaseUrl>().ok();
        let host = endpoint.host_str().unwrap_or_default();
        let authority = match endpoint.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let path = endpoint.path().trim_end_matches('/');
        Self {
            scheme: endpoint.scheme().to_owned(),
            authority,
            path: percent_decode_str(path).decode_utf8_lossy().into_owned(),
            names_hosts: known.as_ref().is_some_and(|known| known.virtual_style) && path.is_empty(),
            https: endpoint.scheme() == "https",
            region: known
                .filter(|known| known.is_aws_host() && !known.region.is_empty())
                .map(|known| known.region.as_str().to_owned()),
        }
    }

    /// The region that the name of one of AWS's own stores holds.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// `https://` or `http://`, as it goes on with an authority.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The same of an object.
    pub fn of_object(&self, bucket: &str, key: &str) -> (String, String) {
        let (authority, path) = self.of(bucket);
        (authority, format!("{}/{key}", path.trim_end_matches('/')))
    }

    /// The authority and the path, from its slash on, of a bucket; of the store, where its name is empty.
    pub fn of(&self, bucket: &str) -> (String, String) {
        // A certificate for `*.example` is not one for `a.b.example`.
        let is_no_label = bucket.is_empty() || self.https && bucket.contains('.');
        let names_host = self.names_hosts && !is_no_label;
        match names_host {
            true => (format!("{bucket}.{}", self.authority), "/".to_owned()),
            false => (self.authority.clone(), format!("{}/{bucket}", self.path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_in_the_path_but_at_hosts_that_want_its_name() {
        for (endpoint, bucket, authority, path) in [
            ("http://minio:9000", "b", "minio:9000", "/b"),
            ("https://minio:443/", "b", "minio", "/b"),
            ("https://[::1]:9000", "b", "[::1]:9000", "/b"),
            ("https://h/s3/a%20b/", "b", "h", "/s3/a b/b"),
            ("https://h/s3", "", "h", "/s3/"),
            (
                "https://s3.eu-west-1.amazonaws.com",
                "",
                "s3.eu-west-1.amazonaws.com",
                "/",
            ),
            (
                "https://s3.eu-west-1.amazonaws.com",
                "b",
                "b.s3.eu-west-1.amazonaws.com",
                "/",
            ),
            (
                "https://s3.eu-west-1.amazonaws.com",
                "a.b",
                "s3.eu-west-1.amazonaws.com",
                "/a.b",
            ),
            (
                "http://oss-cn-beijing.aliyuncs.com",
                "a.b",
                "a.b.oss-cn-beijing.aliyuncs.com",
                "/",
            ),
            (
                "http://x-1.elb.eu-west-1.amazonaws.com",
                "b",
                "x-1.elb.eu-west-1.amazonaws.com",
                "/b",
            ),
        ] {
            let address = Address::new(&endpoint.parse().unwrap());
            let expected = (authority.to_owned(), path.to_owned());
            assert_eq!(address.of(bucket), expected, "{endpoint}");
        }
    }

    #[test]
    fn only_a_store_of_aws_tells_its_region() {
        for (endpoint, region) in [
            ("https://s3.eu-west-1.amazonaws.com", Some("eu-west-1")),
            (
                "https://s3.dualstack.eu-west-1.amazonaws.com",
                Some("eu-west-1"),
            ),
            ("https://s3.amazonaws.com", None),
            ("http://minio:9000", None),
            ("http://x-1.elb.us-west-2.amazonaws.com", None),
            ("http://x-1.us-west-2.elb.amazonaws.com", None),
            (
                "http://ec2-1-2-3-4.us-west-2.compute.amazonaws.com:9000",
                None,
            ),
        ] {
            let address = Address::new(&endpoint.parse().unwrap());
            assert_eq!(address.region(), region, "{endpoint}");
        }
    }
}
