//! Collecting into ordered collections without a sort.

/// Collects by inserting one item after another.
///
/// `collect` into a `BTreeMap` or a `BTreeSet` sorts the items first, by a stable sort that is compiled once more for each type of item: some 3 KB of a
/// page's module, which gain nothing where items are few.
pub fn gather<C, T>(items: impl IntoIterator<Item = T>) -> C
where
    C: Default + Extend<T>,
{
    let mut gathered = C::default();
    gathered.extend(items);
    gathered
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_gathered_is_what_would_be_collected() {
        let items = [(3, 'c'), (1, 'a'), (3, 'd'), (2, 'b')];
        let gathered: BTreeMap<i32, char> = gather(items);
        assert_eq!(gathered, BTreeMap::from(items));
    }
}
