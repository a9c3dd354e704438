//! What is tried at each store, and the row that comes of it.

use reqwest::Method;
use s3_exporter_api::StartAt;
use s3_exporter_listing::OrderState;
use s3_exporter_testkit::servers::S3Store;
use s3_exporter_testkit::{S3Client, Upload};

use crate::listing::{backend, page, scan};
use crate::others;
use crate::program::{self, Shown};

/// A row of the table, but for its first columns.
pub struct Row {
    figures: String,
    order: String,
    known_by: String,
    parts: &'static str,
    errors: String,
    odd_keys: String,
    versions: String,
    uploads: String,
}

impl Row {
    /// Its cells.
    pub fn cells(&self) -> [&str; 8] {
        [
            &self.figures,
            &self.order,
            &self.known_by,
            self.parts,
            &self.errors,
            &self.odd_keys,
            &self.versions,
            &self.uploads,
        ]
    }
}

/// Tries everything.
pub async fn row(store: &S3Store) -> Row {
    let client = store.client();
    for bucket in ["data", "order", "odd", "versions", "uploads"] {
        client.create_bucket(bucket).await;
    }
    let (figures, known_by, parts) = figures(store, &client).await;
    let order = order(store, &client, known_by.is_some()).await;
    let kept = Odd::put(&client).await;
    let has_versions = make_versions(&client).await;
    let has_uploads = begin_uploads(&client).await;
    let shown = program::once(store).await;
    for name in ["data", "data-minio"] {
        assert_eq!(counted(&shown, name), figures, "once: {name}");
    }
    Row {
        figures: format!("{} objects, {} B", figures.0, figures.1),
        order,
        known_by: known_by.unwrap_or("nothing").to_owned(),
        parts,
        errors: errors(store, &shown).await,
        odd_keys: kept.judge(store, &client, &shown).await,
        versions: versions(&client, has_versions, &shown).await,
        uploads: uploads(&client, has_uploads, &shown).await,
    }
}

fn counted(shown: &Shown, name: &str) -> others::Figures {
    let of = |metric| {
        shown
            .of(name, metric)
            .unwrap_or_else(|| panic!("no {metric} of {name}"))
    };
    (
        of("objectstore_listed_objects") as u64,
        of("objectstore_listed_size_bytes") as u64,
    )
}

/// Names and folders, some of which begin others, as orders other than that of bytes have them otherwise.
fn data() -> Vec<Upload> {
    let folders = [
        "prod/2026/11/",
        "prod-eu/",
        "prod.old/etcd/",
        "prod/",
        "a/b/c/",
        "\u{e9}t\u{e9}/",
        "",
    ];
    let key = |nth: u64| match nth % 9 {
        7 => format!("\u{ff5e}{nth}"),
        8 => format!("\u{1F600}{nth}"),
        at => format!("{}c{:03}-{nth}", folders[at as usize], nth * 7919 % 1000),
    };
    (0..300).map(|nth| Upload::new(key(nth), nth)).collect()
}

/// One after another: `rclone serve s3` may answer 500 where objects come at once into a folder that is new.
async fn fill(client: &S3Client, bucket: &str, uploads: impl IntoIterator<Item = Upload>) {
    for upload in uploads {
        client.put(bucket, &upload).await;
    }
}

/// What every client finds; what shows the order; and how listing in parts ends where it is asked for.
async fn figures(
    store: &S3Store,
    client: &S3Client,
) -> (others::Figures, Option<&'static str>, &'static str) {
    let uploads = data();
    let truth = (
        uploads.len() as u64,
        uploads.iter().map(|upload| upload.size).sum::<u64>(),
    );
    fill(client, "data", uploads).await;
    for version in [1, 2] {
        let found = others::by_rclone(store, "data", version).await;
        assert_eq!(found, truth, "rclone, by version {version}");
    }
    let alone = backend(store, None).await;
    assert_eq!(scan(&alone, "data", 1).await.figures, truth, "in sequence");
    let left = scan(&alone, "data", 8).await;
    assert_eq!(left.figures, truth, "left alone");
    let by = alone.order_shown_by("data");
    assert_eq!(
        by.is_some(),
        left.is_in_parts,
        "by {by:?}, {:?}",
        left.state
    );
    let told = scan(&backend(store, Some("true")).await, "data", 8).await;
    assert_eq!(told.figures, truth, "in parts");
    let parts = match (told.is_in_parts, told.state) {
        (true, OrderState::Ordered) => "agree",
        (false, OrderState::Disproved) => "thrown away",
        (_, state) => panic!("in parts: {}, and the order is {state:?}", told.is_in_parts),
    };
    (truth, by, parts)
}

/// Whether keys come in the order of their bytes, and whether what follows a key is right: after each key
/// and after some that are not there, of the bucket and of the key's own folder.
async fn order(store: &S3Store, client: &S3Client, is_believed: bool) -> String {
    let uploads: Vec<_> = data().into_iter().step_by(7).collect();
    fill(client, "order", uploads.iter().cloned()).await;
    let mut sorted: Vec<_> = uploads.into_iter().map(|upload| upload.key).collect();
    sorted.sort();
    let backend = backend(store, None).await;
    let (listed, _) = page(&*backend, "order", "", StartAt::Start, 1000).await;
    let mut by_units = sorted.clone();
    by_units.sort_by_cached_key(|key| key.encode_utf16().collect::<Vec<_>>());
    let order = match listed {
        listed if listed == sorted => "bytes",
        listed if listed == by_units => "UTF-16",
        _ => "its own",
    };
    let made_up = [
        "prod",
        "prod-",
        "prod/",
        "prod/2026",
        "prod-eu/~",
        "\u{e9}",
        "\u{ff5e}",
        "zz",
    ];
    let mut starts: Vec<_> = sorted.iter().map(String::as_str).chain(made_up).collect();
    let halves = sorted.iter().step_by(3);
    starts.extend(halves.map(|key| &key[..key.ceil_char_boundary(key.len() / 2)]));
    let (mut wrong, mut wrong_by_folder) = (Vec::new(), Vec::new());
    for start in &starts {
        let folder = &start[..start.rfind('/').map_or(0, |at| at + 1)];
        for (prefix, wrong) in [("", &mut wrong), (folder, &mut wrong_by_folder)] {
            // Of few keys: MinIO is wrong about what follows on a short page.
            let (found, is_end) = page(&*backend, "order", prefix, StartAt::After(start), 4).await;
            let after = sorted.iter();
            let after = after.filter(|key| key.as_str() > *start && key.starts_with(prefix));
            let after: Vec<_> = after.collect();
            let is_right = after
                .iter()
                .zip(&found)
                .all(|(after, found)| *after == found)
                && found.len() <= after.len()
                && (if is_end {
                    found.len() == after.len()
                } else {
                    !found.is_empty()
                });
            if !is_right {
                wrong.push(format!("{start:?} in {prefix:?}: {found:?}, {is_end}"));
            }
        }
    }
    assert!(
        !is_believed || order == "bytes" && wrong_by_folder.is_empty(),
        "believed, and it is {order}, with these starts wrong in folders: {wrong_by_folder:#?}"
    );
    let all = starts.len();
    match (wrong.len(), wrong_by_folder.len()) {
        (0, 0) => format!("{order}, exact"),
        (wrong, 0) => format!("{order}, exact in a folder; {wrong} of {all} starts wrong beyond"),
        (wrong, _) => format!("{order}, {wrong} of {all} starts wrong"),
    }
}

/// The kinds of failure that are shown where there is one.
async fn errors(store: &S3Store, shown: &Shown) -> String {
    for (name, kind) in [("missing", "not_found"), ("away", "connect")] {
        assert_eq!(shown.metrics.failing(name), [kind], "{name}");
    }
    let stranger = store.client().with_keys(store.access_key, "not-the-secret");
    let is_checked = !others::may_list(&stranger, "data").await;
    match (is_checked, &*shown.metrics.failing("wrong")) {
        (true, [kind @ ("credentials" | "denied")]) => format!("told; a wrong secret is `{kind}`"),
        (false, []) => "told; no secret is looked at".to_owned(),
        (is_checked, kinds) => panic!("a wrong secret, checked: {is_checked}: {kinds:?}"),
    }
}

/// Has the store keep two earlier versions of one key, and one of another with a marker.
async fn make_versions(client: &S3Client) -> Result<(), String> {
    let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let query = [("versioning", "")];
    let made = client
        .send(Method::PUT, "/versions", &query, &[], body)
        .await;
    for size in [1, 2, 3] {
        client.put("versions", &Upload::new("thrice", size)).await;
    }
    client.put("versions", &Upload::new("gone", 7)).await;
    client.delete("versions", "gone").await;
    made.map_err(|refused| others::code(&refused.status.to_string(), &refused.body))?;
    Ok(())
}

async fn versions(client: &S3Client, made: Result<(), String>, shown: &Shown) -> String {
    let of = |metric| shown.of("versions", metric);
    let objects = others::by_page(client, "versions").await;
    assert_eq!(
        counted(shown, "versions"),
        objects,
        "objects beside versions"
    );
    let earlier = of("objectstore_noncurrent_objects");
    let ours = earlier.zip(of("objectstore_delete_markers"));
    let ours = ours.map(|(earlier, markers)| (earlier as u64, markers as u64));
    let more = match objects {
        (1, 3) => String::new(),
        (count, _) => format!("; lists {count} objects for 1"),
    };
    match (made, others::versions(client, "versions").await, ours) {
        (Ok(()), Ok((3, 1)), Some((3, 1))) => format!("counted{more}"),
        (Err(code), Ok((0, 0)), Some((0, 0))) => format!("no: {code}"),
        (Err(code), Err(_), None) | (Ok(()), Err(code), None) => format!("no: {code}"),
        (Ok(()), Ok(_), None) => format!("refused: {}{more}", shown.cause("versions")),
        other => panic!("versions, as made, there and ours: {other:?}"),
    }
}

async fn begin_uploads(client: &S3Client) -> Result<(), String> {
    for key in ["never/born", "other"] {
        let path = format!("/uploads/{key}");
        let begun = client
            .send(Method::POST, &path, &[("uploads", "")], &[], "")
            .await;
        begun.map_err(|refused| others::code(&refused.status.to_string(), &refused.body))?;
    }
    Ok(())
}

async fn uploads(client: &S3Client, begun: Result<(), String>, shown: &Shown) -> String {
    let there = others::uploads(client, "uploads").await;
    assert_eq!(counted(shown, "uploads"), (0, 0), "objects beside uploads");
    let ours = shown.of("uploads", "objectstore_unfinished_uploads");
    match (begun, there, ours) {
        (Ok(()), Ok(2), Some(2.0)) => "counted".to_owned(),
        (Err(code), _, None) | (Ok(()), Err(code), None) => format!("no: {code}"),
        (Ok(()), Ok(_), None) => format!("refused: {}", shown.cause("uploads")),
        other => panic!("uploads, as begun, there and ours: {other:?}"),
    }
}

/// Keys that not every store keeps.
struct Odd {
    /// What each is called, and whether the store has taken it.
    keys: Vec<(&'static str, Upload, bool)>,
}

impl Odd {
    /// Puts one after another: what a store does with two of them at once is another question.
    async fn put(client: &S3Client) -> Self {
        let odd = [
            ("blank, `+` and `%`", "a b+c%20d".to_owned()),
            ("newline", "line\nbreak".to_owned()),
            ("return", "return\rhere".to_owned()),
            ("U+0001", "one\u{1}".to_owned()),
            ("U+FFFE", "last\u{fffe}".to_owned()),
            ("`\\`", "back\\slash".to_owned()),
            ("combining accent", "e\u{301}".to_owned()),
            ("name of 300 bytes", "n".repeat(300)),
            (
                "1,024 bytes in folders",
                ["f".repeat(200).as_str(); 5].join("/") + "/1234567890123456789",
            ),
            ("`/` at the end", "folder/".to_owned()),
            ("`//`", "two//slashes".to_owned()),
            ("`/` first", "/first".to_owned()),
            ("`a`", "a-file".to_owned()),
            ("`a/x` beside `a`", "a-file/x".to_owned()),
        ];
        let mut keys = Vec::new();
        for (nth, (name, key)) in (0..).zip(odd) {
            let upload = Upload::new(key, 1 << nth);
            let is_taken = client.try_put("odd", &upload).await.is_ok();
            keys.push((name, upload, is_taken));
        }
        Self { keys }
    }

    async fn judge(&self, store: &S3Store, client: &S3Client, shown: &Shown) -> String {
        let there = others::by_page(client, "odd").await;
        for name in ["odd", "odd-minio"] {
            assert_eq!(counted(shown, name), there, "{name} keys");
        }
        let backend = backend(store, None).await;
        let (listed, _) = page(&*backend, "odd", "", StartAt::Start, 1000).await;
        let names = |which: &dyn Fn(&Upload, bool) -> bool| -> String {
            let names = self
                .keys
                .iter()
                .filter(|(_, upload, is_taken)| which(upload, *is_taken));
            names.map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
        };
        let is_listed = |upload: &Upload| listed.contains(&upload.key);
        let found = [
            ("not ", names(&|_, is_taken| !is_taken)),
            (
                "does not list ",
                names(&|upload, is_taken| is_taken && !is_listed(upload)),
            ),
            (
                "lists all the same ",
                names(&|upload, is_taken| !is_taken && is_listed(upload)),
            ),
        ];
        let found = found.into_iter().filter(|(_, names)| !names.is_empty());
        let found: Vec<_> = found
            .map(|(what, names)| what.to_owned() + &names)
            .collect();
        match found.is_empty() {
            true => "all".to_owned(),
            false => found.join("; "),
        }
    }
}
