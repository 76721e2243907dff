//! Random numbers that depend on a seed and on what they are for, and on nothing else.

use chacha20::ChaCha8Rng;
use rand::SeedableRng;

/// The generator a [`Transform`](crate::Transform) gets.
pub type Generator = ChaCha8Rng;

/// What random numbers are for; uses do not disturb each other.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// The first weights of a layer.
    Weights(usize),
    /// Which examples are held out.
    HeldOut,
    /// Which examples an iteration sees.
    Batch(usize),
    /// What is done to the examples of an iteration.
    Transform(usize),
}

pub(crate) fn generator(seed: u64, purpose: Use) -> Generator {
    let (kind, index) = match purpose {
        Use::Weights(layer) => (0, layer),
        Use::HeldOut => (1, 0),
        Use::Batch(iteration) => (2, iteration),
        Use::Transform(iteration) => (3, iteration),
    };
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(index as u64 * 4 + kind);
    generator
}

/// `count` different positions below `total`, in ascending order; every choice is as likely as any other.
pub(crate) fn choose(generator: &mut Generator, total: usize, count: usize) -> Vec<usize> {
    let mut chosen = rand::seq::index::sample(generator, total, count).into_vec();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::{Use, choose, generator};

    fn batch(seed: u64, iteration: usize) -> Vec<usize> {
        choose(&mut generator(seed, Use::Batch(iteration)), 20, 7)
    }

    #[test]
    fn batches_are_ascending_and_never_repeat_an_example() {
        for iteration in 0..200 {
            let batch = batch(1, iteration);
            assert!(
                batch.len() == 7 && batch.is_sorted_by(|one, two| one < two) && batch[6] < 20,
                "{batch:?}"
            );
        }
        assert_eq!(choose(&mut generator(1, Use::Batch(0)), 4, 4), [0, 1, 2, 3]);
    }

    #[test]
    fn a_batch_depends_on_seed_and_iteration_alone() {
        assert_eq!(batch(1, 3), batch(1, 3));
        assert_ne!(batch(1, 3), batch(1, 4));
        assert_ne!(batch(1, 3), batch(2, 3));
        assert_ne!(batch(1, 3), choose(&mut generator(1, Use::Transform(3)), 20, 7));
    }

    /// 7000 draws out of 20: each is expected 350 times, with a deviation of 15.
    #[test]
    fn every_example_is_as_likely_as_any_other() {
        let mut counts = [0; 20];
        (0..1000).flat_map(|iteration| batch(5, iteration)).for_each(|index| counts[index] += 1);
        assert!(counts.iter().all(|count| (275..425).contains(count)), "{counts:?}");
    }
}
