//! Layers of several values, all cut from one row of numbers, each output's reach counted out.

use lrp_core::{Add, Float, MatMul, Multiply, Op};

use crate::reach::combinations;

/// What is made of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    Sum,
    Product,
    MatrixProduct,
}

impl Join {
    pub(crate) fn op<T: Float>(self) -> Op<T> {
        match self {
            Self::Sum => Add.into(),
            Self::Product => Multiply.into(),
            Self::MatrixProduct => MatMul.into(),
        }
    }

    /// The numbers of the row that each output sees; of factors first those of one side, then, in the same order,
    /// those of the other.
    pub(crate) fn reach(self, shapes: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut parts: Vec<(usize, &[usize])> = Vec::new();
        let mut start = 0;
        for shape in shapes {
            parts.push((start, shape));
            start += shape.iter().product::<usize>();
        }
        let all: Vec<Vec<usize>> = self.output(shapes).iter().map(|&size| (0..size).collect()).collect();
        combinations(&all).iter().map(|at| self.seen(&parts, at)).collect()
    }

    /// What one output sees of values that start somewhere in the row and have a shape there.
    fn seen(self, parts: &[(usize, &[usize])], at: &[usize]) -> Vec<usize> {
        let place = |part: usize, at: &[usize]| parts[part].0 + broadcast_place(parts[part].1, at);
        match (self, at) {
            (Self::MatrixProduct, [lead @ .., row, column]) => {
                let inner = || 0..parts[0].1[lead.len() + 1];
                let left = inner().map(|k| place(0, &[lead, &[*row, k]].concat()));
                left.chain(inner().map(|k| place(1, &[lead, &[k, *column]].concat()))).collect()
            }
            _ => (0..parts.len()).map(|part| place(part, at)).collect(),
        }
    }

    fn output(self, shapes: &[Vec<usize>]) -> Vec<usize> {
        let largest = |axis: usize| shapes.iter().map(|shape| shape[axis]).max().expect("there are values");
        let mut output: Vec<usize> = (0..shapes[0].len()).map(largest).collect();
        if let (Self::MatrixProduct, [.., rows, columns]) = (self, &mut output[..]) {
            let rank = shapes[0].len();
            (*rows, *columns) = (shapes[0][rank - 2], shapes[1][rank - 1]);
        }
        output
    }
}

/// Where an array that may be the same along some axes holds its entry for a place.
fn broadcast_place(shape: &[usize], at: &[usize]) -> usize {
    shape.iter().zip(at).fold(0, |place, (&size, &at)| place * size + if size == 1 { 0 } else { at })
}
