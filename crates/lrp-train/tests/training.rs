//! The loop does what the toolbox's does, and none of what it did wrong.

use std::ops::ControlFlow;

use lrp_core::{Linear, Network, Op, Tanh, Tensor};
use lrp_train::{
    Architecture, Best, Decay, ErrorKind, Event, Examples, Optimizer, Score, Settings, State, Task,
    Transform, score, step, train,
};
use ndarray::{Array2, arr1, arr2};
use rand_distr::Distribution;

/// Points in the unit square; the class is whether they lie on different sides of one half.
fn points(count: usize) -> Examples<f64> {
    let inputs = Array2::from_shape_fn((count, 2), |(n, axis)| {
        ((n * 37 + axis * 59 + n * axis * 13) % 101) as f64 / 101.0
    });
    let classes: Vec<usize> =
        inputs.outer_iter().map(|x| usize::from((x[0] > 0.5) != (x[1] > 0.5))).collect();
    Examples::with_classes(inputs.into_dyn(), &classes, 2).expect("examples")
}

fn small() -> State<f64> {
    let text = "layer = [{ kind = 'linear', units = 4 }, { kind = 'tanh' }, { kind = 'linear', units = 2 }, { kind = 'softmax' }]";
    State::new(Architecture::parse(text).expect("an architecture").build(&[2], 3).expect("a network"))
}

fn settings() -> Settings {
    Settings { batch_size: 10, iterations: 60, rate: 0.02, status: 20, ..Settings::default() }
}

fn quiet<T: lrp_core::Float>() -> impl FnMut(&Event, &State<T>) -> ControlFlow<()> {
    |_, _| ControlFlow::Continue(())
}

fn run(state: State<f64>, settings: &Settings) -> State<f64> {
    train(state, &Task::new(&points(50)), settings, &mut quiet()).expect("it trains")
}

fn bits(network: &Network<f64>) -> Vec<u64> {
    let learned = network.nodes().iter().filter_map(|node| node.op().weights_and_bias());
    learned
        .flat_map(|learned| {
            learned.weights.iter().chain(learned.bias.iter()).map(|w| w.to_bits()).collect::<Vec<_>>()
        })
        .collect()
}

/// Events with the steps made and the factor of the rate.
fn events(task: &Task<'_, f64>, settings: &Settings) -> Vec<(usize, f64, Event)> {
    let mut heard = Vec::new();
    let mut observer = |event: &Event, state: &State<f64>| {
        heard.push((state.iteration, state.factor, *event));
        ControlFlow::Continue(())
    };
    train(small(), task, settings, &mut observer).expect("it trains");
    heard
}

/// Two dense layers with tanh between, in loops as they are written down.
#[test]
fn a_step_is_the_written_formula() {
    let first = arr2(&[[0.3, -0.2, 0.5], [0.1, 0.7, -0.4]]);
    let second = arr2(&[[0.2, -0.6], [0.9, 0.4], [-0.3, 0.8]]);
    let (b1, b2) = (arr1(&[0.05, -0.1, 0.2]), arr1(&[0.3, -0.2]));
    let examples = points(5);
    let (x, t) = (examples.inputs(), examples.targets());
    let (mut g1, mut g2, mut gb1, mut gb2) = ([[0.0; 3]; 2], [[0.0; 2]; 3], [0.0; 3], [0.0; 2]);
    let mut expected_loss = 0.0;
    for n in 0..5 {
        let h: Vec<f64> =
            (0..3).map(|j| ((0..2).map(|i| x[[n, i]] * first[[i, j]]).sum::<f64>() + b1[j]).tanh()).collect();
        let e: Vec<f64> =
            (0..2).map(|k| (0..3).map(|j| h[j] * second[[j, k]]).sum::<f64>() + b2[k] - t[[n, k]]).collect();
        expected_loss += e.iter().map(|e| e.abs()).sum::<f64>() / 5.0;
        for k in 0..2 {
            gb2[k] += e[k];
            (0..3).for_each(|j| g2[j][k] += h[j] * e[k]);
        }
        for j in 0..3 {
            // The toolbox multiplies what a dense layer hands down by √(inputs / outputs).
            let d = (0..2).map(|k| second[[j, k]] * e[k]).sum::<f64>()
                * (3.0_f64 / 2.0).sqrt()
                * (1.0 - h[j] * h[j]);
            gb1[j] += d;
            (0..2).for_each(|i| g1[i][j] += x[[n, i]] * d);
        }
    }
    let rate = 0.1;
    let dense = |weights: &Array2<f64>, bias: &ndarray::Array1<f64>| {
        Op::from(Linear::new(weights.clone(), bias.clone()).unwrap())
    };
    let network = Network::sequential([dense(&first, &b1), Tanh.into(), dense(&second, &b2)]).unwrap();
    let (network, loss) = step(network, &examples, rate).expect("a step");
    assert!((loss - expected_loss).abs() < 1e-14);
    let learned = |node: usize| network.nodes()[node].op().weights_and_bias().unwrap();
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    for j in 0..3 {
        for i in 0..2 {
            close(learned(0).weights[[i, j]], first[[i, j]] - rate * g1[i][j] / 2.0_f64.sqrt());
            close(learned(2).weights[[j, i]], second[[j, i]] - rate * g2[j][i] / 3.0_f64.sqrt());
        }
        close(learned(0).bias[j], b1[j] - rate * gb1[j] / 3.0_f64.powf(0.25));
    }
    (0..2).for_each(|k| close(learned(2).bias[k], b2[k] - rate * gb2[k] / 2.0_f64.powf(0.25)));
}

#[test]
fn scores_are_mean_l1_loss_and_share_of_right_classes() {
    let dense = Linear::new(arr2(&[[1.0, 0.0], [0.0, 1.0]]), arr1(&[0.0, 0.0])).unwrap();
    let network = Network::sequential([dense.into()]).unwrap();
    let inputs: Tensor<f64> = arr2(&[[0.75, 0.25], [0.5, 0.5], [0.0, 2.0], [1.0, -1.0]]).into_dyn();
    let examples = Examples::with_classes(inputs, &[0, 1, 1, 1], 2).unwrap();
    // Equal predictions count for the first class, as numpy's argmax has it.
    assert_eq!(
        score(&network, &examples, Optimizer::Toolbox).unwrap(),
        Score { accuracy: 0.5, loss: (0.5 + 1.0 + 1.0 + 3.0) / 4.0 }
    );
}

#[test]
fn observers_hear_of_every_evaluation_and_of_the_batches_between() {
    let examples = points(50);
    let heard = events(&Task::new(&examples), &settings());
    let evaluated = |event: &Event| matches!(event, Event::Evaluation { .. });
    let at: Vec<usize> = heard.iter().filter(|(_, _, event)| evaluated(event)).map(|(at, ..)| *at).collect();
    assert_eq!(at, [20, 40, 60]);
    let between: Vec<usize> =
        heard.iter().filter(|(_, _, event)| !evaluated(event)).map(|(at, ..)| *at).collect();
    assert_eq!(between[..10], [2, 4, 6, 8, 10, 12, 14, 16, 18, 22]);
}

#[test]
fn held_out_examples_judge_where_there_are_some() {
    let (examples, held_out) = points(80).split(0.25, 9).expect("two parts");
    assert_eq!((examples.len(), held_out.len()), (60, 20));
    let judged = |held_out| {
        let task = Task { held_out, ..Task::new(&examples) };
        train(small(), &task, &settings(), &mut quiet()).expect("it trains").best.expect("judged")
    };
    let (by_others, by_itself) = (judged(Some(&held_out)), judged(None));
    assert_eq!(score(&by_others.network, &held_out, Optimizer::Toolbox).unwrap(), by_others.score);
    assert_eq!(score(&by_itself.network, &examples, Optimizer::Toolbox).unwrap(), by_itself.score);
}

#[test]
fn the_rate_decays_with_the_accuracy() {
    let examples = points(50);
    for (decay, expected) in [
        (Decay::None, (|_: f64| 0.5) as fn(f64) -> f64),
        (Decay::Sublinear, |accuracy| 1.0 - accuracy * accuracy),
        (Decay::Linear, |accuracy| 1.0 - accuracy),
    ] {
        let settings = Settings { decay, first_factor: 0.5, iterations: 20, ..settings() };
        let heard = events(&Task::new(&examples), &settings);
        assert!(heard[..9].iter().all(|(_, factor, event)| {
            *factor == 0.5 && matches!(event, Event::Batch { rate, .. } if *rate == 0.01)
        }));
        let &(_, factor, Event::Evaluation { score, improved: true }) = heard.last().unwrap() else {
            panic!("{heard:?}")
        };
        assert_eq!(factor, expected(score.accuracy), "{decay}");
    }
}

/// The best network so far has an accuracy; a better loss with less accuracy must not raise the rate.
#[test]
fn q36_a_decayed_rate_never_rises_again() {
    let examples = points(50);
    let settings = Settings { decay: Decay::Sublinear, status: 1, rate: 0.05, iterations: 150, ..settings() };
    let heard = events(&Task::new(&examples), &settings);
    let factors: Vec<f64> = heard.iter().map(|(_, factor, _)| *factor).collect();
    assert!(factors.is_sorted_by(|one, two| one >= two), "{factors:?}");
    let accuracies = heard.iter().filter_map(|(_, _, event)| match event {
        Event::Evaluation { score, improved: true } => Some(score.accuracy),
        _ => None,
    });
    let accuracies: Vec<f64> = accuracies.collect();
    assert!(!accuracies.is_sorted(), "the accuracy must fall once, or nothing is shown: {accuracies:?}");
}

#[test]
fn patience_counts_evaluations_without_improvement() {
    let examples = points(50);
    // Too fast to improve for long.
    let settings = Settings { rate: 8.0, patience: 2, status: 5, iterations: 5000, ..settings() };
    let heard = events(&Task::new(&examples), &settings);
    let improved: Vec<bool> = heard
        .iter()
        .filter_map(
            |(_, _, event)| {
                if let Event::Evaluation { improved, .. } = event { Some(*improved) } else { None }
            },
        )
        .collect();
    assert_eq!(improved[improved.len() - 3..], [true, false, false], "{improved:?}");
    assert!(!improved.windows(2).rev().skip(1).any(|pair| pair == [false, false]), "{improved:?}");
    assert_eq!(heard.last().unwrap().2, Event::OutOfPatience);
}

/// The toolbox restores the untrained copy if there was no evaluation.
#[test]
fn q35_a_training_shorter_than_an_evaluation_is_not_lost() {
    let state = run(small(), &Settings { iterations: 7, status: 250, ..settings() });
    let best = state.best.expect("judged at the end");
    assert_eq!(best.iteration, 7);
    assert_ne!(bits(&best.network), bits(&small().network));
}

/// Matlab keeps references to the layers that go on changing.
#[test]
fn q41_the_best_network_is_a_copy() {
    let examples = points(50);
    let settings = Settings { rate: 8.0, patience: 2, status: 5, iterations: 5000, ..settings() };
    let mut worst: f64 = 0.0;
    let mut observer = |event: &Event, _: &State<f64>| {
        if let Event::Evaluation { score, .. } = event {
            worst = worst.max(score.loss);
        }
        ControlFlow::Continue(())
    };
    let state = train(small(), &Task::new(&examples), &settings, &mut observer).expect("it trains");
    let best = state.best.expect("judged");
    assert!(best.score.loss < worst && best.iteration < state.iteration);
    assert_eq!(score(&best.network, &examples, Optimizer::Toolbox).unwrap(), best.score);
    assert_ne!(bits(&best.network), bits(&state.network));
}

/// Matlab calls it by a wrong name.
#[test]
fn q42_a_transform_changes_the_inputs_of_every_batch() {
    let examples = points(50);
    let trained = |transform: &Transform<'_, f64>| {
        let task = Task { transform: Some(transform), ..Task::new(&examples) };
        train(small(), &task, &settings(), &mut quiet()).expect("it trains").network
    };
    let plain = run(small(), &settings()).network;
    assert_eq!(bits(&trained(&|inputs, _| inputs)), bits(&plain));
    // Without inputs the first weights learn nothing.
    let blind = trained(&|inputs, _| inputs * 0.0);
    let weights =
        |network: &Network<f64>| network.nodes()[0].op().weights_and_bias().unwrap().weights.to_owned();
    assert_eq!(weights(&blind), weights(&small().network));
    let noisy = |inputs: Tensor<f64>, chance: &mut lrp_train::Generator| {
        let normal = rand_distr::Normal::new(0.0, 0.1).expect("a deviation");
        inputs.mapv(|x| x + normal.sample(chance))
    };
    assert_eq!(bits(&trained(&noisy)), bits(&trained(&noisy)));
    assert_ne!(bits(&trained(&noisy)), bits(&plain));
}

#[test]
fn resuming_is_as_if_nothing_had_happened() {
    let whole = run(small(), &Settings { decay: Decay::Sublinear, patience: 9, ..settings() });
    for middle in [20, 30] {
        let settings = Settings { decay: Decay::Sublinear, patience: 9, ..settings() };
        let first = run(small(), &Settings { iterations: middle, ..settings.clone() });
        let restored = State::from_arrays(&small().network, &first.to_arrays()).expect("its own arrays");
        assert_eq!(restored.to_arrays(), first.to_arrays());
        let second = run(restored, &settings);
        assert_eq!(bits(&second.network), bits(&whole.network), "{middle}");
    }
}

#[test]
fn a_state_of_another_network_is_refused() {
    let arrays = run(small(), &settings()).to_arrays();
    let other = Architecture::parse("layer = [{ kind = 'linear', units = 2 }]")
        .unwrap()
        .build::<f64>(&[2], 0)
        .unwrap();
    let refusal = |network: &Network<f64>, arrays: &[(String, Tensor<f64>)]| {
        let error = State::from_arrays(network, arrays).expect_err("does not fit");
        assert_eq!(error.kind(), ErrorKind::State);
        error.to_string()
    };
    assert!(
        refusal(&other, &arrays)
            .contains("best.linear_0.weights has the shape [2, 4], the network wants [2, 2]")
    );
    assert!(refusal(&small().network, &arrays[1..]).contains("no array is named 'progress'"));
    assert!(refusal(&small().network, &arrays[..3]).contains("no array is named"));
    let mut damaged = arrays.clone();
    damaged[0].1[[0]] = 0.5;
    assert!(refusal(&small().network, &damaged).contains("0.5 is no count of steps"));
    let mut damaged = arrays;
    damaged[1].1[[0, 0]] = f64::NAN;
    assert!(refusal(&small().network, &damaged).contains("NaN"));
}

#[test]
fn threads_change_no_bit() {
    let examples = points(100);
    let trained = |threads| {
        let settings = Settings { batch_size: 70, ..settings() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| train(small(), &Task::new(&examples), &settings, &mut quiet())).expect("it trains")
    };
    let one = trained(1);
    for threads in [0, 2, 3, 8] {
        assert_eq!(trained(threads).to_arrays(), one.to_arrays(), "{threads} threads");
    }
}

#[test]
fn an_observer_may_end_it() {
    let mut calls = 0;
    let mut observer = |_: &Event, _: &State<f64>| {
        calls += 1;
        ControlFlow::Break(())
    };
    let state = train(small(), &Task::new(&points(50)), &settings(), &mut observer).expect("it trains");
    assert_eq!((calls, state.iteration), (1, 2));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let examples = points(50);
    let table = [
        (Settings { batch_size: 51, ..settings() }, "a batch of 51 examples; allowed are 1 to 50"),
        (Settings { batch_size: 0, ..settings() }, "a batch of 0 examples"),
        (Settings { status: 0, ..settings() }, "0 steps between evaluations"),
        (Settings { rate: 0.0, ..settings() }, "the rate is 0; it must be positive"),
        (Settings { first_factor: f64::NAN, ..settings() }, "the first factor is NaN"),
    ];
    for (settings, expected) in table {
        let error = train(small(), &Task::new(&examples), &settings, &mut quiet()).expect_err("no sense");
        assert!(error.kind() == ErrorKind::Settings && error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn examples_that_do_not_fit_are_refused() {
    let wrong = |inputs: &[usize], classes: &[usize], count: usize| {
        Examples::with_classes(Tensor::<f64>::zeros(inputs), classes, count)
            .expect_err("does not fit")
            .to_string()
    };
    assert_eq!(wrong(&[2, 3], &[0, 4], 4), "example 1 is of class 4; classes are 0 to 3");
    assert!(wrong(&[2, 3], &[0], 4).contains("inputs [2, 3] and targets [1, 4]"));
    assert!(wrong(&[0, 3], &[], 4).contains("inputs [0, 3]"));
    assert!(points(3).split(0.01, 0).is_err() && points(3).split(f64::NAN, 0).is_err());

    let three = Examples::with_classes(Tensor::zeros(vec![20, 2]), &[0; 20], 3).unwrap();
    let error = train(small(), &Task::new(&three), &settings(), &mut quiet()).expect_err("two outputs");
    assert_eq!(error.to_string(), "the network gives [2] for an example, its target is [3]");
    let wide = Examples::with_classes(Tensor::zeros(vec![20, 5]), &[0; 20], 2).unwrap();
    let error = train(small(), &Task::new(&wide), &settings(), &mut quiet()).expect_err("two inputs");
    assert!(error.to_string().contains("linear_0"), "{error}");
}

#[test]
fn divergence_names_its_iteration() {
    let text = "layer = [{ kind = 'linear', units = 4 }, { kind = 'linear', units = 2 }]";
    let state = State::new(Architecture::parse(text).unwrap().build(&[2], 3).unwrap());
    let settings = Settings { rate: 1e3, ..settings() };
    let error =
        train(state, &Task::new(&points(50)), &Settings { iterations: 1000, ..settings }, &mut quiet());
    let error = error.expect_err("far too fast");
    assert_eq!(error.kind(), ErrorKind::Diverged);
    assert!(error.to_string().starts_with("diverged at iteration "), "{error}");
}

#[test]
fn xor_is_learned_in_either_precision() {
    fn accuracy<T: lrp_core::Float>() -> f64 {
        let xor = Architecture::parse(lrp_train::ARCHITECTURES[0].1).expect("xor");
        let points = points(2000);
        let classes: Vec<usize> = points.targets().outer_iter().map(|t| usize::from(t[1] > 0.5)).collect();
        let examples =
            Examples::with_classes(lrp_core::cast::<f64, T>(points.inputs()), &classes, 2).unwrap();
        let settings = Settings { iterations: 8000, rate: 0.05, seed: 1, ..xor.training.clone() };
        let state = State::new(xor.build::<T>(&[2], settings.seed).expect("a network"));
        train(state, &Task::new(&examples), &settings, &mut quiet())
            .expect("it trains")
            .best
            .unwrap()
            .score
            .accuracy
    }
    let (double, single) = (accuracy::<f64>(), accuracy::<f32>());
    assert!(double > 0.97 && single > 0.97, "{double} {single}");
}

/// Texts of four words out of nine; the class is whether word 3 is among them. Word 0 is padding.
fn texts() -> Examples<f64> {
    let inputs = Array2::from_shape_fn((60, 6), |(n, place)| match place {
        0 | 5 => 0.0,
        _ => ((n * 7 + place * 5 + n * n * place) % 8 + 1) as f64,
    });
    let classes: Vec<usize> =
        inputs.outer_iter().map(|words| usize::from(words.iter().any(|&word| word == 3.0))).collect();
    Examples::with_classes(inputs.into_dyn(), &classes, 2).expect("examples")
}

fn reader() -> State<f64> {
    let text = "layer = [
        { kind = 'embedding', width = 4, padding = 0 },
        { kind = 'convolution', size = [2], filters = 5 },
        { kind = 'rect' },
        { kind = 'globalmaxpool' },
        { kind = 'linear', units = 2 },
    ]";
    let architecture = Architecture::parse(text).expect("an architecture").for_vocabulary(9);
    State::new(architecture.build(&[6], 3).expect("a network"))
}

fn adam() -> Settings {
    Settings {
        optimizer: Optimizer::Adam,
        batch_size: 20,
        iterations: 300,
        rate: 0.02,
        status: 50,
        ..settings()
    }
}

#[test]
fn adam_learns_to_read_and_leaves_padding_alone() {
    let state = train(reader(), &Task::new(&texts()), &adam(), &mut quiet()).expect("it trains");
    let Best { network, score: found, .. } = state.best.expect("it was judged");
    assert_eq!((found.accuracy, found.loss < 0.05), (1.0, true), "{found:?}");
    assert_eq!(score(&network, &texts(), Optimizer::Adam).unwrap(), found);
    let table = network.nodes()[0].op().weights_and_bias().expect("a table").weights.to_owned();
    assert!(table.index_axis(ndarray::Axis(0), 0).iter().all(|&value| value == 0.0));
    let first = reader().network.nodes()[0].op().weights_and_bias().expect("a table").weights.to_owned();
    assert!(table.outer_iter().zip(first.outer_iter()).skip(1).all(|(now, then)| now != then));
}

/// One step from zero moments moves every weight by the rate, against the sign of its gradient; the loss is that of
/// logits `(0, 0)`, `ln 2`, and the next step has the means by hand.
#[test]
fn a_step_of_adam_is_its_formula() {
    let network =
        Network::sequential([Linear::new(arr2(&[[0.0, 0.0]]), arr1(&[0.0, 0.0])).unwrap().into()]).unwrap();
    let examples = Examples::with_classes(arr2(&[[2.0]]).into_dyn(), &[0], 2).unwrap();
    let settings =
        Settings { optimizer: Optimizer::Adam, batch_size: 1, rate: 0.1, status: 100, ..settings() };
    let after = |iterations| {
        let settings = Settings { iterations, ..settings.clone() };
        let mut losses = Vec::new();
        let mut observer = |event: &Event, _: &State<f64>| {
            if let Event::Evaluation { score, .. } = event {
                losses.push(score.loss);
            }
            ControlFlow::Continue(())
        };
        let state =
            train(State::new(network.clone()), &Task::new(&examples), &settings, &mut observer).unwrap();
        let learned = state.network.nodes()[0].op().weights_and_bias().unwrap().weights.to_owned();
        (learned[[0, 0]], losses[0])
    };
    let (weight, loss) = after(1);
    // Logits are then (0.3, -0.3).
    assert!(
        (weight - 0.1).abs() < 1e-8 && (loss - (1.0 + (-0.6_f64).exp()).ln()).abs() < 1e-7,
        "{weight} {loss}"
    );
    let gradients = [-1.0, -2.0 / (1.0 + 0.6_f64.exp())];
    let mean = (0.9 * 0.1 * gradients[0] + 0.1 * gradients[1]) / (1.0 - 0.81);
    let square =
        (0.999 * 0.001 * gradients[0].powi(2) + 0.001 * gradients[1].powi(2)) / (1.0 - 0.999_f64.powi(2));
    let expected = 0.1 - 0.1 * mean / square.sqrt();
    assert!((after(2).0 - expected).abs() < 1e-6, "{} is not {expected}", after(2).0);
}

#[test]
fn adam_goes_on_where_it_stopped_and_wants_logits() {
    let task = texts();
    let whole = train(reader(), &Task::new(&task), &adam(), &mut quiet()).expect("it trains");
    let half = Settings { iterations: 150, ..adam() };
    let half = train(reader(), &Task::new(&task), &half, &mut quiet()).expect("it trains");
    let resumed = State::from_arrays(&reader().network, &half.to_arrays()).expect("a state");
    let resumed = train(resumed, &Task::new(&task), &adam(), &mut quiet()).expect("it trains");
    assert_eq!(bits(&resumed.network), bits(&whole.network));
    let error = train(small(), &Task::new(&points(50)), &adam(), &mut quiet()).unwrap_err();
    assert_eq!(error.to_string(), "the network ends in a softmax, which adam takes itself; leave it out");
}
