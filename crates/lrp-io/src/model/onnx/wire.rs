//! A look at the bytes before they are decoded: how much memory the messages in them will take.
//!
//! Two bytes of a file can become an empty node of some hundred bytes, so the size of a file alone bounds nothing.

use std::mem::size_of;

use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::protobuf::{Fields, Value, varint};

use super::proto;

/// What decoded messages may take whatever the size of the file.
const FREE: usize = 64 << 20;
/// What they may take beyond that, for every byte of the file. Arrays take what they take in the file.
const RATIO: usize = 4;

/// A message whose fields matter here, by the struct that it becomes.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Other,
}

/// What a field holds.
enum Holds {
    /// A message, and how many bytes its struct has.
    Message(Message, usize),
    /// A text or bytes that are kept.
    Text,
    /// Packed numbers of variable length, and how many bytes one becomes.
    Packed(usize),
    /// What is passed over, or takes no more than in the file.
    Nothing,
}

impl Message {
    fn field(self, number: u64) -> Holds {
        match (self, number) {
            (Self::Model, 7) => Holds::Message(Self::Graph, size_of::<proto::Graph>()),
            (Self::Model, 8) => Holds::Message(Self::Other, size_of::<proto::OperatorSet>()),
            (Self::Graph, 1) => Holds::Message(Self::Node, size_of::<proto::Node>()),
            (Self::Graph, 5) | (Self::Attribute, 5) => {
                Holds::Message(Self::Tensor, size_of::<proto::Tensor>())
            }
            (Self::Graph, 11 | 12) => Holds::Message(Self::ValueInfo, size_of::<proto::ValueInfo>()),
            (Self::Node, 5) => Holds::Message(Self::Attribute, size_of::<proto::Attribute>()),
            (Self::Tensor, 13) => Holds::Message(Self::Other, size_of::<proto::Entry>()),
            (Self::ValueInfo, 2) => Holds::Message(Self::Type, 0),
            (Self::Type, 1) => Holds::Message(Self::TensorType, 0),
            (Self::TensorType, 2) => Holds::Message(Self::Shape, 0),
            (Self::Shape, 1) => Holds::Message(Self::Other, size_of::<proto::Dimension>()),
            (Self::Node, 1 | 2) | (Self::Model, 25) | (Self::Graph, 15) | (Self::Attribute, 11) => {
                Holds::Text
            }
            (Self::Attribute, 8) | (Self::Tensor, 1 | 7 | 11) => Holds::Packed(size_of::<i64>()),
            (Self::Tensor, 5) => Holds::Packed(size_of::<i32>()),
            _ => Holds::Nothing,
        }
    }
}

/// What was counted so far.
#[derive(Default)]
struct Count {
    nodes: usize,
    bytes: usize,
}

/// Refuses a model with too many nodes, or whose messages would take far more memory than the file has bytes.
///
/// Bytes that are no protocol buffer at all are left to the decoder.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<()> {
    let mut count = Count::default();
    let allowed = bytes.len().saturating_mul(RATIO).saturating_add(FREE);
    walk(Bytes::new(bytes, 0), Message::Model, &mut count, &mut |count| {
        if count.nodes > limits.model_layers {
            let allowed = limits.model_layers;
            return Err(Error::limit(format!(
                "the graph has more than {allowed} nodes, no more are allowed"
            )));
        }
        if count.bytes > allowed {
            let message =
                format!("the model would take more than {allowed} bytes of memory before its weights");
            return Err(Error::limit(message));
        }
        Ok(())
    })
}

/// Goes through the fields of a message; recursion ends where [`Message::field`] names nothing deeper.
fn walk(
    bytes: Bytes<'_>,
    message: Message,
    count: &mut Count,
    check: &mut impl FnMut(&Count) -> Result<()>,
) -> Result<()> {
    for field in Fields::new(bytes) {
        let (number, value) = field?;
        match (value, message.field(number)) {
            (Value::Bytes(held), Holds::Message(inner, size)) => {
                count.nodes += usize::from(matches!(inner, Message::Node));
                count.bytes = count.bytes.saturating_add(size);
                check(count)?;
                walk(held, inner, count, check)?;
            }
            (Value::Bytes(_), Holds::Text) => {
                count.bytes = count.bytes.saturating_add(size_of::<bytes::Bytes>());
            }
            (Value::Bytes(held), Holds::Packed(size)) => {
                let numbers = held.rest().iter().filter(|&&byte| byte < 0x80).count();
                count.bytes = count.bytes.saturating_add(numbers.saturating_mul(size));
            }
            (_, Holds::Packed(size)) => count.bytes = count.bytes.saturating_add(size),
            _ => {}
        }
        check(count)?;
    }
    Ok(())
}

/// Whether bytes begin as exporters begin a model: its version, then one of the fields that may follow.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let mut bytes = Bytes::new(bytes, 0);
    let mut number = || varint(&mut bytes).ok();
    let begin = (number(), number(), number());
    matches!(begin, (Some(8), Some(1..=64), Some(key)) if key & 7 == 2 && (2..=25).contains(&(key >> 3)))
}
