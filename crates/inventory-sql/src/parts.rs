//! What is asked by a program: statements whose answers are small, and add up.

use super::{Dialect, Question, counted, owned};

/// Of each cluster (NULL of what no cluster owns) and storage class: `cluster`, `class`, `objects`, how many of them are
/// `empty`, `bytes`, when the `oldest` and the `newest` were made, and the size of the `largest`.
///
/// The table needs the column `storage_class`. Bytes are summed as decimals, which do not overflow.
pub fn totals(dialect: Dialect, of: &Question<'_>) -> String {
    format!(
        "{}SELECT cluster, storage_class AS class, count(*) AS objects, count(CASE WHEN size = 0 THEN 1 END) AS empty,\n  \
         sum(CAST(size AS DECIMAL(20, 0))) AS bytes, min(modified) AS oldest, max(modified) AS newest, max(size) AS largest\n\
         FROM owned\nGROUP BY cluster, storage_class",
        owned(dialect, of, &["storage_class"])
    )
}

/// The newest so many objects of each cluster that are empty, and that are not: `cluster`, `modified` and `size`. Of several of
/// one time the larger ones are the newer.
pub fn newest(dialect: Dialect, of: &Question<'_>, kept: usize) -> String {
    // Ballista 55 refuses a NULL for each row there: "Expects PARTITION BY expression to be ordered". DataFusion 55 in one
    // process does not.
    let by = match of.names.is_empty() {
        true => "",
        false => "cluster, ",
    };
    format!(
        "{}SELECT cluster, modified, size\nFROM (\n  SELECT cluster, modified, size,\n    \
         row_number() OVER (PARTITION BY {by}size > 0 ORDER BY modified DESC, size DESC) AS nth\n  FROM owned\n) AS ranked\n\
         WHERE nth <= {kept}",
        owned(dialect, of, &[])
    )
}

/// One row of a plain count: all `written` rows, those of the bucket (`own`), the `objects` that count and their `bytes`, and
/// rows that make no sense (`odd`).
pub fn counts(dialect: Dialect, of: &Question<'_>) -> String {
    let counted = counted(dialect, of);
    format!(
        "SELECT count(*) AS written, count(CASE WHEN bucket = {} THEN 1 END) AS own,\n  \
         count(CASE WHEN {counted} THEN 1 END) AS objects,\n  \
         sum(CASE WHEN {counted} THEN CAST(coalesce(size, 0) AS DECIMAL(20, 0)) END) AS bytes,\n  \
         count(CASE WHEN size < 0 OR last_modified_date IS NULL OR key = '' THEN 1 END) AS odd\n\
         FROM {}",
        dialect.text(of.bucket),
        of.table
    )
}
