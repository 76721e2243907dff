//! Who is measured: this library, and others through a script each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::Options;
use super::measure::Sample;
use super::plan::Case;
use crate::verify::workspace;

/// Something that runs or explains networks.
#[derive(Clone)]
pub(super) struct System {
    pub(super) name: String,
    /// What to print for it, such as its version.
    pub(super) version: String,
    /// The one number type it is measured in; `None` for ours, which has several.
    pub(super) dtype: Option<&'static str>,
    /// Interpreter, script and what the script needs before the case; empty for ours.
    command: Vec<PathBuf>,
}

/// This library first, then those of the others that are asked for and found.
pub(super) fn systems(options: &Options) -> Result<Vec<System>> {
    let ours = System {
        name: "lrp".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        dtype: None,
        command: Vec::new(),
    };
    let mut systems = vec![ours];
    let mut python = PathBuf::from("python3");
    if let Some(venv) = &options.against_python {
        python = venv.join("bin/python");
        ensure!(python.exists(), "{} is no virtual environment: it has no bin/python", venv.display());
        systems.extend(ask(vec![python.clone(), script("peers.py")], "f32")?);
    }
    if let Some(folder) = &options.toolbox {
        let module = folder.join("modules/sequential.py");
        let found = module.exists();
        ensure!(found, "{} is not there; --toolbox takes the toolbox's folder 'python'", module.display());
        // A relative path would be looked up in another folder.
        systems.extend(ask(vec![python, script("toolbox.py"), folder.canonicalize()?], "f64")?);
    }
    Ok(systems)
}

fn script(name: &str) -> PathBuf {
    workspace().join("xtask/bench").join(name)
}

/// The systems a script can measure where it runs: a JSON object of names and versions.
fn ask(command: Vec<PathBuf>, dtype: &'static str) -> Result<Vec<System>> {
    let found = output(Command::new(&command[0]).args(&command[1..]).arg("--versions"))?;
    let found: std::collections::BTreeMap<String, Option<String>> =
        serde_json::from_str(&found).with_context(|| command[1].display().to_string())?;
    let mut systems = Vec::new();
    for (name, version) in found {
        let Some(version) = version else {
            println!("{name} is not installed and left out");
            continue;
        };
        systems.push(System { name, version, dtype: Some(dtype), command: command.clone() });
    }
    Ok(systems)
}

impl System {
    /// Measures one case in a process of its own and leaves its result in `result` if that is given.
    pub(super) fn measure(
        &self,
        case: &Case,
        options: &Options,
        folder: &Path,
        result: Option<&Path>,
    ) -> Result<Sample> {
        let mut command = match &self.command[..] {
            [] => {
                let mut ours = Command::new(std::env::current_exe()?);
                ours.args(["bench-one", "--dtype", case.dtype, "--kernels", options.kernels.name()]);
                ours
            }
            [program, arguments @ ..] => {
                let mut theirs = Command::new(program);
                theirs.args(arguments).args(["--system", &self.name]);
                theirs.args(["--threads", &case.threads.to_string()]);
                theirs
            }
        };
        command.arg("--folder").arg(folder).args(["--method", case.method.name]);
        command.args(["--batch", &case.batch.to_string(), "--seconds", &options.seconds.to_string()]);
        if let Some(result) = result {
            command.arg("--result").arg(result);
        }
        let pools = ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];
        command.envs(pools.map(|pool| (pool, case.threads.to_string())));
        let printed = output(&mut command).with_context(|| format!("{} {case}", self.name))?;
        serde_json::from_str(&printed).with_context(|| format!("{} {case} printed {printed}", self.name))
    }
}

/// The last line a command prints; its last complaint if it fails.
fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    // Scripts leave nothing beside themselves.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().with_context(|| format!("{program} does not start"))?;
    let last =
        |text: &[u8]| String::from_utf8_lossy(text).trim().lines().last().unwrap_or_default().to_owned();
    if !output.status.success() {
        bail!("{} ({})", last(&output.stderr), output.status);
    }
    Ok(last(&output.stdout))
}
