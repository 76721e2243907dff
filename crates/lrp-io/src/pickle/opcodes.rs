//! The instructions of pickles: those that are carried out, and those that are refused by name.

use super::Value;
use super::machine::Machine;
use crate::error::Result;

/// What an instruction does. A width is that of the number behind the instruction, in bytes.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Constant(Value<'a>),
    Unsigned(usize),
    /// An integer of as many bytes as the number says.
    Long(usize),
    Bytes(usize),
    Text(usize),
    /// A tuple of this many values.
    Tuple(usize),
    /// Puts the newest value into the memo, under the number.
    Remember(usize),
    Recall(usize),
    /// Not carried out; why.
    Refuse(&'static str),
    Run(fn(&mut Machine<'a>) -> Result<()>),
}

use Step::{Bytes, Constant, Long, Recall, Refuse, Remember, Run, Text, Tuple, Unsigned};

const OLD: &str = "is of protocols 0 and 1; save with protocol 2 or later";
const FOREIGN: &str = "refers to something outside of the file";
const NEEDLESS: &str = "is not needed for models and not read";

/// The end of the program.
pub(super) const STOP: u8 = b'.';

impl<'a> Machine<'a> {
    /// The byte of an instruction, its name in Python's `pickletools`, and what it does.
    pub(super) const OPCODES: &'a [(u8, &'static str, Step<'a>)] = &[
        (0x80, "PROTO", Refuse("comes only at the beginning")),
        (0x95, "FRAME", Run(Self::frame)),
        (b'(', "MARK", Run(Self::mark)),
        (b'0', "POP", Run(Self::pop_one)),
        (b'1', "POP_MARK", Run(Self::pop_mark)),
        (b'2', "DUP", Run(Self::duplicate)),
        (b'N', "NONE", Constant(Value::None)),
        (0x88, "NEWTRUE", Constant(Value::Bool(true))),
        (0x89, "NEWFALSE", Constant(Value::Bool(false))),
        (b'K', "BININT1", Unsigned(1)),
        (b'M', "BININT2", Unsigned(2)),
        (b'J', "BININT", Run(Self::signed)),
        (0x8a, "LONG1", Long(1)),
        (0x8b, "LONG4", Long(4)),
        (b'G', "BINFLOAT", Run(Self::float)),
        (b'U', "SHORT_BINSTRING", Bytes(1)),
        (b'T', "BINSTRING", Bytes(4)),
        (b'C', "SHORT_BINBYTES", Bytes(1)),
        (b'B', "BINBYTES", Bytes(4)),
        (0x8e, "BINBYTES8", Bytes(8)),
        (0x96, "BYTEARRAY8", Bytes(8)),
        (0x8c, "SHORT_BINUNICODE", Text(1)),
        (b'X', "BINUNICODE", Text(4)),
        (0x8d, "BINUNICODE8", Text(8)),
        (b')', "EMPTY_TUPLE", Tuple(0)),
        (0x85, "TUPLE1", Tuple(1)),
        (0x86, "TUPLE2", Tuple(2)),
        (0x87, "TUPLE3", Tuple(3)),
        (b't', "TUPLE", Run(Self::tuple)),
        (b']', "EMPTY_LIST", Run(Self::empty_list)),
        (b'l', "LIST", Run(Self::list)),
        (b'a', "APPEND", Run(Self::append)),
        (b'e', "APPENDS", Run(Self::appends)),
        (b'}', "EMPTY_DICT", Run(Self::empty_dict)),
        (b'd', "DICT", Run(Self::dict)),
        (b's', "SETITEM", Run(Self::set_item)),
        (b'u', "SETITEMS", Run(Self::set_items)),
        (b'q', "BINPUT", Remember(1)),
        (b'r', "LONG_BINPUT", Remember(4)),
        (0x94, "MEMOIZE", Run(Self::memoize)),
        (b'h', "BINGET", Recall(1)),
        (b'j', "LONG_BINGET", Recall(4)),
        (b'c', "GLOBAL", Run(Self::global)),
        (0x93, "STACK_GLOBAL", Run(Self::stack_global)),
        (b'i', "INST", Run(Self::inst)),
        (b'o', "OBJ", Run(Self::obj)),
        (0x81, "NEWOBJ", Run(Self::call)),
        (b'R', "REDUCE", Run(Self::call)),
        (b'b', "BUILD", Run(Self::build)),
        (b'I', "INT", Refuse(OLD)),
        (b'L', "LONG", Refuse(OLD)),
        (b'F', "FLOAT", Refuse(OLD)),
        (b'S', "STRING", Refuse(OLD)),
        (b'V', "UNICODE", Refuse(OLD)),
        (b'g', "GET", Refuse(OLD)),
        (b'p', "PUT", Refuse(OLD)),
        (b'P', "PERSID", Refuse(FOREIGN)),
        (b'Q', "BINPERSID", Refuse(FOREIGN)),
        (0x82, "EXT1", Refuse(FOREIGN)),
        (0x83, "EXT2", Refuse(FOREIGN)),
        (0x84, "EXT4", Refuse(FOREIGN)),
        (0x97, "NEXT_BUFFER", Refuse(FOREIGN)),
        (0x98, "READONLY_BUFFER", Refuse(FOREIGN)),
        (0x8f, "EMPTY_SET", Refuse(NEEDLESS)),
        (0x90, "ADDITEMS", Refuse(NEEDLESS)),
        (0x91, "FROZENSET", Refuse(NEEDLESS)),
        (0x92, "NEWOBJ_EX", Refuse(NEEDLESS)),
    ];
}
