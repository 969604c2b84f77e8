//! The ids that workers draw, and the set that they put them into.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
const SEED: u64 = 0x00C0_FFEE;

/// How many ids a grown set is filled with.
pub const GROWN: usize = 180_000;

/// The endless ids of one worker: SplitMix64, modulo the id space.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014);
/// seeds as in the Python of this scenario.
pub struct Ids {
    state: u64,
    space: u64,
}

impl Ids {
    pub fn of_worker(index: usize, space: u64) -> Self {
        let state = SEED ^ (index as u64 + 1).wrapping_mul(GAMMA);
        Self { state, space }
    }

    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % self.space
    }
}

impl Iterator for Ids {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        Some(self.draw())
    }
}

/// How an id is hashed: to itself, as a small `int` is in CPython.
///
/// The default hasher withstands keys chosen by an attacker, which costs more than the look-up
/// does, and which CPython does not do for an `int` either.  Ids are random: nothing clusters.
///
/// `HashSet` has a use for a hash that CPython's set has not: it keeps seven bits of it, the
/// highest, beside each slot and compares keys only where these agree.  Of an id they are all
/// zero, so that every full slot on the way is compared.  `Tagged` gives each id seven bits of
/// its own and leaves the place that it goes to as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hashing {
    #[default]
    Tagged,
    /// As in the article.
    Plain,
}

impl Hashing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tagged => "tagged",
            Self::Plain => "plain",
        }
    }
}

const TAG: u64 = 0x7F << 57;

pub struct IdHasher {
    tag: u64,
    hash: u64,
}

impl BuildHasher for Hashing {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher {
            tag: match self {
                Self::Tagged => TAG,
                Self::Plain => 0,
            },
            hash: 0,
        }
    }
}

impl Hasher for IdHasher {
    fn write_u64(&mut self, id: u64) {
        self.hash = id ^ (id.wrapping_mul(GAMMA) & self.tag);
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only ids are hashed");
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

pub type IdSet = HashSet<u64, Hashing>;

/// What a set begins a round with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    Cold,
    Grown,
}

impl Fill {
    /// Makes the set of a round, in which `workers` draw ids below `space`.
    ///
    /// A grown one holds ids of a stream that no worker draws.  It has room for `more`, since a
    /// `set` of as many ids has it in CPython: neither grows under the lock.
    pub fn make(self, hashing: Hashing, workers: usize, space: u64, more: usize) -> IdSet {
        let mut set = IdSet::with_hasher(hashing);
        if self == Self::Grown {
            let most = usize::try_from(space).unwrap_or(usize::MAX);
            set.reserve(most.min(GROWN + more));
            set.extend(Ids::of_worker(workers, space).take(GROWN));
        }
        set
    }
}

/// How many ids a set holds, and their sum modulo 2^64: two sets with the same ids agree in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    pub ids: u64,
    pub sum: u64,
}

impl Content {
    pub fn of(set: &IdSet) -> Self {
        Self {
            ids: set.len() as u64,
            sum: set.iter().fold(0, |sum, id| sum.wrapping_add(*id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    #[test]
    fn ids_stay_below_the_id_space() {
        assert!(Ids::of_worker(0, 7).take(1000).all(|id| id < 7));
    }

    #[test]
    fn streams_of_two_workers_differ() {
        let drawn = |index| Ids::of_worker(index, u64::MAX).take(3).collect::<Vec<_>>();
        assert_eq!(drawn(0), drawn(0));
        assert_ne!(drawn(0), drawn(1));
    }

    #[test]
    fn a_grown_set_holds_the_stream_of_no_worker_and_has_room() {
        let set = Fill::Grown.make(Hashing::Plain, 8, 10_000_000, 128_000);
        let drawn: IdSet = Ids::of_worker(8, 10_000_000).take(GROWN).collect();
        assert_eq!(set, drawn);
        assert!(set.capacity() >= GROWN + 128_000);
    }

    #[test]
    fn a_cold_set_is_empty_and_has_no_room() {
        assert_eq!(
            Fill::Cold
                .make(Hashing::Tagged, 8, 10_000_000, 128_000)
                .capacity(),
            0
        );
    }

    #[test]
    fn a_hash_is_the_id_but_for_the_tag_of_its_own() {
        let hash = |hashing: Hashing, id: u64| {
            let mut hasher = hashing.build_hasher();
            id.hash(&mut hasher);
            hasher.finish()
        };
        let tags: HashSet<u64> = (0..1000)
            .map(|id| hash(Hashing::Tagged, id) & TAG)
            .collect();
        assert_eq!(tags.len(), 128);
        for id in [0, 1, 9_999_999] {
            assert_eq!(hash(Hashing::Plain, id), id);
            assert_eq!(hash(Hashing::Tagged, id) & !TAG, id);
        }
    }

    #[test]
    fn sets_of_different_ids_have_different_content() {
        let content = |ids: &[u64]| Content::of(&ids.iter().copied().collect());
        assert_eq!(content(&[1, 2]), content(&[2, 1, 2]));
        assert_ne!(content(&[1, 2]), content(&[1, 3]));
        assert_ne!(content(&[0, 3]), content(&[3]));
    }
}
