#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod server;
mod settings;
mod routes;
mod model;
mod explain;
mod layers;
mod catalogue;
mod palettes;
mod input;
mod drawing;
mod way;
mod plans;
mod service;
mod assets;
mod fault;

pub use model::Model;
pub use routes::routes;
pub use server::Server;
pub use settings::Settings;
