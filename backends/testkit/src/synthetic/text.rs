//! Numbers and times as they stand in keys and answers. (A crate's formatter took longer than all the
//! rest.)

/// Decimal, with leading zeros up to `width`.
pub fn push_number(out: &mut Vec<u8>, number: u64, width: usize) {
    push(out, number, width, 10, b"0123456789");
}

/// Hexadecimal, with leading zeros up to `width`.
pub fn push_hex(out: &mut Vec<u8>, number: u64, width: usize) {
    push(out, number, width, 16, b"0123456789abcdef");
}

/// The same in capitals.
pub fn push_capital_hex(out: &mut Vec<u8>, number: u64, width: usize) {
    push(out, number, width, 16, b"0123456789ABCDEF");
}

fn push(out: &mut Vec<u8>, mut number: u64, width: usize, base: u64, digits: &[u8]) {
    let start = out.len();
    while number > 0 || out.len() < start + width {
        out.push(digits[(number % base) as usize]);
        number /= base;
    }
    out[start..].reverse();
}

/// `2006-01-02T15:04:05`, with these for the `T` and the colons.
pub fn push_time(out: &mut Vec<u8>, seconds: u64, separator: u8, colon: u8) {
    let (year, month, day) = date(seconds / 86_400);
    let second = seconds % 86_400;
    push_number(out, year, 4);
    for (before, number) in [
        (b'-', month),
        (b'-', day),
        (separator, second / 3600),
        (colon, second / 60 % 60),
        (colon, second % 60),
    ] {
        out.push(before);
        push_number(out, number, 2);
    }
}

/// `20060102`, of a day since 1970.
pub fn push_date(out: &mut Vec<u8>, days: u64) {
    let (year, month, day) = date(days);
    push_number(out, (year * 100 + month) * 100 + day, 8);
}

/// Howard Hinnant's civil_from_days, for days after 1970.
const fn date(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + (month <= 2) as u64;
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}
