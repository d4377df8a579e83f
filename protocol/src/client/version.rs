//! Which of two versions is older.

use std::cmp::Ordering;

/// Compares versions of the form `1.2.3` or `1.2.3-rc.1`: numbers by value; a pre-release comes before its release, and
/// pre-releases compare as text. Parts that are missing or no numbers count as zero.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let parts = |version: &str| {
        let version = version.split('+').next().unwrap_or_default().to_owned();
        let (numbers, pre) = match version.split_once('-') {
            Some((numbers, pre)) => (numbers.to_owned(), Some(pre.to_owned())),
            None => (version, None),
        };
        let mut numbers = numbers.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        ([next(), next(), next()], pre)
    };
    let ((left, left_pre), (right, right_pre)) = (parts(left), parts(right));
    left.cmp(&right).then_with(|| match (left_pre, right_pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => left.cmp(&right),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_versions() {
        let sorted = ["", "0.1.0-rc.1", "0.1.0", "0.1.2", "0.1.10", "0.2", "1.0.0-a", "1.0.0-b", "1.0.0"];
        for pair in sorted.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare("1.2.3+x", "1.2.3+y"), Ordering::Equal);
    }
}
