//! Which cases are measured: every combination the tables and the command line allow.

use std::fmt;

use anyhow::{Context, Result, ensure};
use wildmatch::WildMatch;

use super::Options;
use super::methods::{METHODS, Method};
use super::networks::{Network, layers, networks};

/// One line of the report.
pub(super) struct Case {
    pub(super) network: &'static str,
    pub(super) method: &'static Method,
    pub(super) batch: usize,
    pub(super) threads: usize,
    pub(super) dtype: &'static str,
    /// Names of other systems that can do the same.
    pub(super) peers: Vec<&'static str>,
}

/// The networks asked for, and their cases.
pub(super) fn cases(options: &Options) -> Result<(Vec<Network>, Vec<Case>)> {
    let all = if options.layers { layers() } else { networks() };
    let wanted = |patterns: &[String], name: &str| {
        patterns.is_empty() || patterns.iter().any(|pattern| WildMatch::new(pattern).matches(name))
    };
    let networks: Vec<Network> =
        all.into_iter().filter(|network| wanted(&options.network, network.name)).collect();
    let mut cases = Vec::new();
    for network in &networks {
        for &dtype in network.dtypes.iter().filter(|dtype| wanted(&options.dtype, dtype)) {
            for &batch in network.batches {
                for &threads in &options.threads {
                    for name in network.methods.iter().filter(|name| wanted(&options.method, name)) {
                        cases.push(Case::new(network, name, batch, threads, dtype)?);
                    }
                }
            }
        }
    }
    cases.retain(|case| options.batch.is_empty() || options.batch.contains(&case.batch));
    ensure!(!cases.is_empty(), "nothing to measure; cargo xtask bench --list shows what there is");
    Ok((networks, cases))
}

impl Case {
    fn new(network: &Network, name: &str, batch: usize, threads: usize, dtype: &'static str) -> Result<Self> {
        let method = METHODS.iter().find(|method| method.name == name);
        let method = method.with_context(|| format!("no method is called '{name}'"))?;
        let peers = method.peers.iter().filter(|peer| network.peers.contains(peer)).copied().collect();
        Ok(Self { network: network.name, method, batch, threads, dtype, peers })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, method, batch, threads, dtype, .. } = self;
        write!(f, "{network} {} batch {batch} threads {threads} {dtype}", method.name)
    }
}
