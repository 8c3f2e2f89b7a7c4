//! Reading versions out of what lock files and tools say.

use semver::{Version, VersionReq};

/// The version of a package in the text of a Cargo.lock.
pub(super) fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

/// The first word that looks like a version: `trunk 0.21.14` says `0.21.14`.
pub(super) fn version_in(said: &str) -> Option<&str> {
    said.split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

/// Binaryen counts in whole numbers: `wasm-opt version 132 (version_132)` says 132.
pub(super) fn wasm_opt_major(said: &str) -> Option<u64> {
    let digits = version_in(said)?
        .split(|c: char| !c.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}

/// Returns whether a tool says a version that will do instead of this one, as cargo understands it.
pub(super) fn at_least(said: &str, wanted: &str) -> bool {
    let found = version_in(said).and_then(|version| Version::parse(version).ok());
    let wanted = VersionReq::parse(wanted).ok();
    found
        .zip(wanted)
        .is_some_and(|(found, wanted)| wanted.matches(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"version = 4

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
source = "registry"

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.131"
dependencies = [
 "wasm-bindgen",
]
"#;

    #[test]
    fn the_locked_version_is_that_of_the_package_with_exactly_this_name() {
        assert_eq!(locked(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked(LOCK, "wasm-bindgen-macro"), Some("0.2.131"));
        assert_eq!(locked(LOCK, "wasm"), None);
        assert_eq!(locked("", "wasm-bindgen"), None);
    }

    #[test]
    fn a_version_is_the_first_word_with_a_digit_in_front() {
        assert_eq!(version_in("trunk 0.21.14\n"), Some("0.21.14"));
        assert_eq!(version_in("wasm-bindgen 0.2.130"), Some("0.2.130"));
        assert_eq!(version_in("no version here"), None);
    }

    #[test]
    fn wasm_opt_versions_are_read_in_every_form_it_prints() {
        assert_eq!(
            wasm_opt_major("wasm-opt version 132 (version_132)"),
            Some(132)
        );
        assert_eq!(wasm_opt_major("wasm-opt version 108"), Some(108));
        assert_eq!(wasm_opt_major("wasm-opt version 116-12-gabc"), Some(116));
        assert_eq!(wasm_opt_major("wasm-opt"), None);
    }

    #[test]
    fn a_newer_patch_of_the_same_series_will_do() {
        assert!(at_least("trunk 0.21.14", "0.21.14"));
        assert!(at_least("trunk 0.21.15\n", "0.21.14"));
        assert!(!at_least("trunk 0.21.9", "0.21.14"));
        assert!(!at_least("trunk 0.22.1", "0.21.14"));
        assert!(!at_least("trunk 0.21.14-rc.1", "0.21.14"));
        assert!(!at_least("", "0.21.14"));
        assert!(at_least("Python 3.10.0", "3.10"));
        assert!(at_least("Python 3.13.5\n", "3.10"));
        assert!(!at_least("Python 3.9.21", "3.10"));
        assert!(!at_least("Python 4.0.0", "3.10"));
        assert!(!at_least("Python 3.14.0rc1", "3.10"));
    }
}
