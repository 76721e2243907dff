//! Inputs that once broke a reader, or might have, stay harmless.

use std::fs;

use lrp_tests::fuzz::targets;
use lrp_tests::workspace;

#[test]
fn seeds_and_regressions_break_no_reader() {
    let names: Vec<String> = targets().into_iter().map(|target| target.name).collect();
    let corpus = workspace("tests/fuzz/regressions");
    for folder in fs::read_dir(&corpus).expect("the corpus").map(|entry| entry.expect("an entry").path()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!folder.is_dir() || names.contains(&name), "{name} is the name of no reader");
    }
    for target in targets() {
        target.seeds.iter().for_each(|seed| target.run(seed));
        let Ok(files) = fs::read_dir(corpus.join(&target.name)) else { continue };
        for file in files.map(|entry| entry.expect("an entry").path()) {
            println!("{}", file.display());
            target.run(&fs::read(&file).expect("an input"));
        }
    }
}
