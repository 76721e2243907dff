//! Means, maxima and who wins them, and windows that round up.

use lrp_core::{AveragePool, Channels, MaxPool, Network, Op, Reduce, Reduction, SumPool, Ties, Window};

use super::{assert_close, counting, forward, gradient, tensor};

/// Three entries, a window of two with one entry of padding at either end.
#[test]
fn means_count_the_padding_if_asked_to() {
    let input = tensor(&[1, 3, 1], &[2.0, 4.0, 6.0]);
    let pool = |count_padding| {
        AveragePool::new(Window::new(&[2]).padded(&[[1, 1]]), Channels::Last, count_padding).unwrap()
    };
    assert_close(&forward(pool(true), &input), &[1.0, 3.0, 5.0, 3.0]);
    assert_close(&forward(pool(false), &input), &[2.0, 3.0, 5.0, 6.0]);
}

/// Two entries of a window, and nothing but their sum.
#[test]
fn sums_may_be_plain() {
    let input = tensor(&[1, 3, 1], &[2.0, 4.0, 6.0]);
    let pool = SumPool::plain(Window::new(&[2]), Channels::Last).unwrap();
    assert!(pool.is_plain());
    assert_close(&forward(pool.clone(), &input), &[6.0, 10.0]);
    assert_close(&gradient(pool, &input, &[1.0, 2.0]), &[1.0, 3.0, 2.0]);
}

#[test]
fn means_are_shared_back_as_they_were_taken() {
    let pool = AveragePool::new(Window::new(&[2]).padded(&[[1, 0]]), Channels::First, false).unwrap();
    let network = Network::sequential([Op::<f64>::from(pool)]).unwrap();
    let trace = network.trace(&tensor(&[1, 1, 3], &[2.0, 4.0, 6.0])).unwrap();
    assert_close(trace.output(), &[2.0, 3.0, 5.0]);
    let seed = tensor(&[1, 1, 3], &[1.0, 2.0, 4.0]);
    assert_close(&trace.gradient(network.output(), &seed), &[2.0, 3.0, 2.0]);
}

/// Five entries, windows of two, two apart: the fifth has a window of its own where the size is rounded up.
#[test]
fn windows_may_round_up() {
    let input = counting(&[1, 5, 1]);
    let window = || Window::new(&[2]).strided(&[2]).rounded_up();
    assert_close(&forward(MaxPool::new(window(), Channels::Last).unwrap(), &input), &[2.0, 4.0, 5.0]);
    let mean = |count| AveragePool::new(window(), Channels::Last, count).unwrap();
    // What is behind the input is no padding and never counts.
    assert_close(&forward(mean(false), &input), &[1.5, 3.5, 5.0]);
    assert_close(&forward(mean(true), &input), &[1.5, 3.5, 5.0]);
    let sum = forward(SumPool::new(window(), Channels::Last).unwrap(), &input);
    assert_close(&(sum * 2.0_f64.sqrt()), &[3.0, 7.0, 5.0]);
}

/// Windows never start behind the input: of one entry every three, the second starts at the fourth of three.
#[test]
fn windows_do_not_start_behind_the_input() {
    let input = counting(&[1, 3, 1]);
    let sparse = Window::new(&[1]).strided(&[3]).rounded_up();
    assert_close(&forward(MaxPool::new(sparse, Channels::Last).unwrap(), &input), &[1.0]);
    let padded = Window::new(&[2]).strided(&[3]).padded(&[[0, 1]]).rounded_up();
    assert_close(&forward(MaxPool::new(padded, Channels::Last).unwrap(), &input), &[2.0]);
}

#[test]
fn axes_are_reduced() {
    let input = counting(&[1, 2, 3]);
    let reduce =
        |reduction, axes: &[usize], keep| forward(Reduce::new(reduction, axes.to_vec(), keep), &input);
    assert_eq!(reduce(Reduction::Sum, &[2], true), tensor(&[1, 2, 1], &[6.0, 15.0]));
    assert_eq!(reduce(Reduction::Mean, &[1], false), tensor(&[1, 3], &[2.5, 3.5, 4.5]));
    assert_eq!(reduce(Reduction::Mean, &[2, 1, 2], false), tensor(&[1], &[3.5]));
    assert_eq!(reduce(Reduction::Max, &[1, 2], true), tensor(&[1, 1, 1], &[6.0]));
    assert_eq!(reduce(Reduction::Max, &[1], false), tensor(&[1, 3], &[4.0, 5.0, 6.0]));
    assert_eq!(reduce(Reduction::Sum, &[], false), input);
}

/// Two windows of two by two over two rows of three: the middle column ties in both.
#[test]
fn who_is_first_may_win_a_tie_alone() {
    let input = tensor(&[1, 2, 3, 1], &[0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
    let pool = || MaxPool::new(Window::new(&[2, 2]), Channels::Last).unwrap();
    let third = 1.0 / 3.0;
    let shared = [0.0, third + 2.0 * third, 2.0 * third, third, third + 2.0 * third, 0.0];
    assert_close(&gradient(pool(), &input, &[1.0, 2.0]), &shared);
    let first = pool().with_ties(Ties::First);
    assert_close(&gradient(first, &input, &[1.0, 2.0]), &[0.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn whole_axes_have_winners_too() {
    let input = tensor(&[1, 2, 3], &[5.0, 1.0, 5.0, 2.0, 5.0, 3.0]);
    let max = |axes: &[usize]| Reduce::new(Reduction::Max, axes.to_vec(), false);
    let third = 1.0 / 3.0;
    assert_close(&gradient(max(&[1, 2]), &input, &[1.0]), &[third, 0.0, third, 0.0, third, 0.0]);
    let first = |axes| max(axes).with_ties(Ties::First);
    assert_close(&gradient(first(&[1, 2]), &input, &[1.0]), &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_close(&gradient(first(&[2]), &input, &[1.0, 2.0]), &[1.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
    assert_close(&gradient(first(&[1]), &input, &[1.0, 2.0, 4.0]), &[1.0, 0.0, 4.0, 0.0, 2.0, 0.0]);
}
