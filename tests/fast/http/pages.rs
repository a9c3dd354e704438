//! The pages for people: what they say, how large they are, and that they ask nobody else.

use s3_exporter::destination::Destination;
use s3_exporter::facts::Totals;
use s3_exporter::pages::html::{self, Context, Query};

use super::*;

mod crowd;
mod scans;

async fn page(server: &Server, path: &str) -> String {
    let response = server.ask(Method::GET, path, &[(ACCEPT, BROWSER)]).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    assert_eq!(header(&response, CONTENT_TYPE), "text/html; charset=utf-8");
    response.text().await.unwrap()
}

/// A page without its ages, which go on.
fn has_all(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
}

/// Nothing comes from elsewhere, and nothing is taken for markup.
fn is_harmless(page: &str) {
    let scripts = page.matches("<script").count();
    assert_eq!(
        scripts,
        page.matches("-/page.js\" defer></script>").count(),
        "{page}"
    );
    assert!(scripts == 1 && !page.contains("<b>denied"), "{page}");
    for odd in [
        "href=\"http",
        "src=\"http",
        "href=\"//",
        " style=",
        " onclick=",
    ] {
        assert!(!page.contains(odd), "{odd} in {page}");
    }
}

#[test]
fn the_overview_says_what_is_wrong_first() {
    let page = overview(&sample::snapshot(), &Query::default());
    has_all(
        &page,
        &[
            "class=\"verdict bad\">2 destinations failing, 2 resolvers without up-to-date names, 2 clusters without any backup, 1 cluster with late backups, 1 cluster with an empty newest backup, 1 other critical finding, 2 other warnings, 1 destination not yet scanned, 3 destinations not judged for lateness.</p>",
            "<strong class=\"bad\">failing: denied</strong> <a href=\"status/q%22uo",
            "Access &lt;b&gt;denied&lt;/b&gt; (403). Its figures are those of the latest complete scan,",
            "Let the access key list this bucket",
            // What the judge says stands there, and what a verdict alone says.
            "<strong class=\"bad\">critical: missing</strong> <a href=\"status/etcd/empty\"><code>etcd</code> <code>empty</code> <code>daily</code></a> since <time datetime=\"2025-12-31T22:00:00Z\">2025-12-31 22:00</time>",
            "<p>There is no good backup.<br><code>There is no good backup/1</code><br>",
            "<a href=\"status/etcd/never\"><code>etcd</code> <code>never</code></a>",
            "The newest good backup is 1 d 3 h old; one was due every 1 d.",
            "Look at the log of the latest run of the job.",
            "<a href=\"status/etcd?finding=cold\">1 cold</a> at <code>etcd</code>",
            "The file &lt;is&gt; gone.",
            "<code>q&quot;uo\\te} 1&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;ü</code>",
            "<caption class=\"sr\">Backups by day</caption>",
        ],
    );
    assert_eq!(
        page.matches("<p>There is no good backup").count(),
        1,
        "{page}"
    );
    assert!(
        !page.contains("In GLACIER"),
        "information has a line for all"
    );
    is_harmless(&page);
    // The worst first.
    let at = |words: &str| page.find(words).unwrap();
    assert!(at("critical: missing") < at("critical: overdue"));
    assert!(at("critical: rewritten") < at("warning: incomplete"));
}

#[tokio::test]
async fn a_page_for_each_destination_and_cluster() {
    let server = start(sample::snapshot(), true).await;
    let overview = page(&server, "/status").await;
    let links = overview.split("href=\"").skip(1);
    let links = links.map(|rest| rest.split('"').next().unwrap());
    let links: std::collections::BTreeSet<_> =
        links.filter(|link| link.starts_with("status/")).collect();
    assert!(links.len() > 8, "{links:?}");
    for link in links {
        let page = page(&server, &format!("/{link}")).await;
        assert!(page.contains("aria-label=\"Breadcrumb\""), "{link}: {page}");
        is_harmless(&page);
        let (json, _) = page.split_once("\">this as JSON</a>").unwrap();
        let (_, json) = json.rsplit_once("href=\"").unwrap();
        let json = format!("/{}", json.trim_start_matches("../"));
        assert!(json.starts_with("/api/v1/status/"), "{link}: {json}");
        let answer = server.get(&json).await;
        assert_eq!(answer.status(), StatusCode::OK, "{link}: {json}");
    }
    has_all(
        &page(&server, "/status/etcd").await,
        &[
            "<h1>Destination <code>etcd</code></h1>",
            "<code>etcd-backups</code>",
            "10 ListObjectsV2",
            "href=\"../status/etcd/late\"",
            "when the newest is older than 1 d 1 h",
        ],
    );
    has_all(
        &page(&server, "/status/etcd/late").await,
        &[
            "<h1>Cluster <code>late</code></h1>",
            "4 findings.",
            "<h2 id=\"job-1\">Job <code>daily</code></h2>",
            "learned from its own history",
            "<dt>Next one due</dt><dd><time datetime=\"2025-12-31T20:13:20Z\">2025-12-31 20:13</time>",
            "<caption>The latest five weeks</caption>",
            "Sizes of the latest 7 full backups: 1000 B to 1006 B",
            "In GLACIER.",
        ],
    );
    for nothing in ["/status/x", "/status/etcd/x", "/status/etcd/"] {
        let response = server.get(nothing).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn tables_are_searched_and_sorted_without_a_script() {
    let server = start(sample::snapshot(), false).await;
    let rows = |page: &str| -> Vec<String> {
        let (_, rest) = page.split_once("<table id=\"backups\">").unwrap();
        let (table, _) = rest.split_once("</table>").unwrap();
        let names = table.split("<th scope=\"row\"><a href=\"").skip(1);
        let names = names.map(|row| row.split("<code>").nth(1).unwrap());
        names
            .map(|name| name.split("</code>").next().unwrap().to_owned())
            .collect()
    };
    for (query, expected) in [
        ("", vec!["never", "empty", "late", "healthy"]),
        ("?sort=name", vec!["empty", "healthy", "late", "never"]),
        ("?sort=oldest", vec!["late", "healthy", "empty", "never"]),
        ("?q=LA", vec!["late"]),
        ("?q=et", vec!["never", "empty", "late", "healthy"]),
        ("?finding=empty", vec!["empty"]),
        ("?finding=cold", vec!["late"]),
        (
            "?sort=%00&page=x&finding=y&q=%20",
            vec!["never", "empty", "late", "healthy"],
        ),
        ("?page=7", vec!["never", "empty", "late", "healthy"]),
        ("?q=a&q=b", vec!["never", "empty", "late", "healthy"]),
    ] {
        let page = page(&server, &format!("/status/etcd{query}")).await;
        assert_eq!(rows(&page), expected, "{query}");
    }
    let hostile = page(&server, "/status?q=%22%3E%3Cscript%3E").await;
    is_harmless(&hostile);
    assert!(
        hostile.contains("value=\"&#34;&#62;&#60;script&#62;\""),
        "{hostile}"
    );
    let sorted = page(&server, "/status/etcd?sort=name").await;
    assert_eq!(sorted.matches("aria-sort=\"ascending\"").count(), 1);
    assert!(sorted.contains("aria-sort=\"ascending\"><a class=\"swap\" href=\"?sort=name\">"));
}

#[tokio::test]
async fn what_a_page_needs_is_served_here() {
    let server = start(sample::snapshot(), false).await;
    for (path, content_type, begin) in [
        ("/-/style.css", "text/css; charset=utf-8", ":root {"),
        ("/-/page.js", "text/javascript; charset=utf-8", "// Brings"),
        ("/-/icon.svg", "image/svg+xml", "<svg"),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, CONTENT_TYPE), content_type);
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("script-src 'self'; ") && !policy.contains("unsafe"));
        assert!(response.text().await.unwrap().starts_with(begin), "{path}");
    }
}

#[tokio::test]
async fn a_page_is_compressed_and_asked_for_again_only_when_it_changed() {
    let server = start(sample::snapshot(), false).await;
    let gzip = [(ACCEPT, BROWSER), (ACCEPT_ENCODING, "gzip, deflate, br")];
    let zipped = server.ask(Method::GET, "/", &gzip).await;
    assert_eq!(header(&zipped, CONTENT_ENCODING), "gzip");
    let zipped = zipped.bytes().await.unwrap();
    let mut page = String::new();
    GzDecoder::new(&*zipped).read_to_string(&mut page).unwrap();
    assert!(page.ends_with("</html>") && zipped.len() * 3 < page.len());

    let tag = header(&server.get("/status").await, "etag");
    let known = [(reqwest::header::IF_NONE_MATCH, tag.as_str())];
    let again = server.ask(Method::GET, "/status", &known).await;
    if again.status() != StatusCode::NOT_MODIFIED {
        // It is another each minute, and this may have been the end of one.
        let next = header(&again, "etag");
        assert_ne!(next, tag);
        let known = [(reqwest::header::IF_NONE_MATCH, next.as_str())];
        let again = server.ask(Method::GET, "/status", &known).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
    server.destinations[0].send_modify(|of| Arc::make_mut(of).scans.finished += 1);
    for _ in 0..2000 {
        let changed = server.ask(Method::GET, "/status", &known).await;
        if changed.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("a scan ended, and the page is the same");
}

/// What the page of these destinations alone says.
fn page_of(destinations: Vec<DestinationSnapshot>) -> String {
    let snapshot = Snapshot {
        destinations: destinations.into_iter().map(Arc::new).collect(),
        ..Snapshot::default()
    };
    overview(&snapshot, &Query::default())
}

/// A destination without a resolver, scanned just now.
fn plain(max_age: Option<u64>, objects: Totals) -> DestinationSnapshot {
    let mut plain = sample::unscanned(Destination {
        max_age: max_age.map(Duration::from_secs),
        ..sample::destination("plain", "plain", None)
    });
    plain.latest = sample::attempt(0, None);
    plain.figures = Some(sample::figures(sample::ago(0), objects, &[]));
    plain
}

#[test]
fn all_is_well_only_where_it_is_known() {
    let fresh = || sample::totals(12, 0, 10, 5);
    let page = page_of(vec![plain(Some(3600), fresh())]);
    assert!(
        page.contains("All is well.") && !page.contains("class=\"bad\""),
        "{page}"
    );
    let page = page_of(vec![plain(None, fresh())]);
    assert!(
        !page.contains("All is well") && page.contains("1 destination not judged for lateness"),
        "{page}"
    );
}

#[test]
fn a_destination_without_clusters_is_one_job() {
    for (objects, headline, problem) in [
        (
            sample::totals(12, 0, 10, 7200),
            "1 destination with late backups",
            "<strong class=\"bad\">critical: overdue</strong> <a href=\"status/plain\"><code>plain</code></a> since <time",
        ),
        (
            sample::totals(0, 0, 10, 5),
            "1 destination without any backup",
            "<strong class=\"bad\">critical: missing</strong> <a href=\"status/plain\"><code>plain</code></a></p>\n<p>There is no object.</p>",
        ),
        (
            sample::totals(3, 3, 10, 5),
            "1 destination without any backup",
            "<p>All objects are empty.</p>",
        ),
    ] {
        let page = page_of(vec![plain(Some(3600), objects)]);
        let headline = format!("class=\"verdict bad\">{headline}.</p>");
        assert!(page.contains(&headline) && page.contains(problem), "{page}");
    }
}

/// One cluster that is late in three buckets is one cluster; equal names of two lists are two.
#[test]
fn the_headline_counts_clusters() {
    let late = |name: &str, resolver: &str| {
        let mut of = sample::unscanned(Destination {
            max_age: Some(Duration::from_secs(3600)),
            ..sample::destination(name, name, Some(resolver))
        });
        of.latest = sample::attempt(0, None);
        let clusters = [("c", sample::totals(1, 0, 10, 7200)), ("n", Totals::NONE)];
        of.figures = Some(sample::figures(sample::ago(0), Totals::NONE, &clusters));
        of
    };
    for (resolvers, headline) in [
        (
            ["kkp", "kkp", "kkp"],
            "1 cluster without any backup, 1 cluster with late backups.<",
        ),
        (
            ["kkp", "kkp", "lab"],
            "2 clusters without any backup, 2 clusters with late backups.<",
        ),
    ] {
        let names = ["a", "b", "c"].into_iter().zip(resolvers);
        let page = page_of(names.map(|(name, resolver)| late(name, resolver)).collect());
        assert!(page.contains(headline), "{page}");
    }
}

fn overview(snapshot: &Snapshot, query: &Query) -> String {
    let now = sample::ago(0);
    let context = Context {
        snapshot,
        started: now,
        now,
    };
    html::overview(&context, query).unwrap()
}
