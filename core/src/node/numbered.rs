//! A small map from ascending numbers to values, contiguous in memory.

use alloc::vec::Vec;

/// Things by ascending number. Numbers are given in ascending order, so that a new thing goes to the end; there are seldom
/// more than a handful.
#[derive(Clone, Debug)]
pub(super) struct Numbered<T>(Vec<(u64, T)>);

impl<T> Numbered<T> {
    /// None yet, with room for so many.
    pub(super) fn new(room: usize) -> Self {
        Self(Vec::with_capacity(room))
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    fn find(&self, number: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |(known, _)| *known)
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        let at = self.find(number).ok()?;
        self.0.get(at).map(|(_, thing)| thing)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let at = self.find(number).ok()?;
        self.0.get_mut(at).map(|(_, thing)| thing)
    }

    /// Puts a thing in the place of one with the same number.
    pub(super) fn insert(&mut self, number: u64, thing: T) {
        match self.find(number) {
            Ok(at) => self.0[at].1 = thing,
            Err(at) => self.0.insert(at, (number, thing)),
        }
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let at = self.find(number).ok()?;
        Some(self.0.remove(at).1)
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.0.iter().map(|(number, thing)| (*number, thing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_found_by_number_whatever_came_and_went() {
        let mut things = Numbered::new(0);
        for number in [1, 2, 5, 3, 2] {
            things.insert(number, number * 10);
        }
        assert_eq!(things.remove(3), Some(30));
        assert_eq!(things.remove(3), None);
        *things.get_mut(5).unwrap() += 1;
        assert!(things.iter().eq([(1, &10), (2, &20), (5, &51)]));
        assert_eq!(
            (things.get(2), things.get(4), things.len()),
            (Some(&20), None, 3)
        );
    }
}
