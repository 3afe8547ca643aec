//! Options as environments spell them out, and what is wrong in some.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use super::*;

fn options(pairs: &[(&str, &str)]) -> Result<Options, OptionError> {
    Options::from_environment(&Environment::from_pairs(pairs.iter().copied()))
}

#[test]
fn nothing_set_gives_defaults() {
    assert_eq!(options(&[]), Ok(Options::default()));
    assert_eq!(options(&[("PYROXENE_PLUGIN", ""), ("PYROXENE_OPT_LEVEL", "")]), Ok(Options::default()));
}

fn platform(name: &str, c_api: Option<(i32, i32)>) -> Platform {
    Platform {
        name: name.into(),
        version: String::new(),
        devices: Vec::new(),
        plugin: None,
        origin: String::new(),
        c_api,
    }
}

#[test]
fn level_is_the_platforms_unless_it_is_given() {
    let level_of = |effort, pairs: &[(&str, &str)], platform: &Platform| {
        options(pairs).map(|options| options.compile_options(platform, effort).opt_level)
    };
    let level = |pairs: &[(&str, &str)], platform: &Platform| level_of(Effort::Full, pairs, platform);
    let (cpu, gpu) = (platform("cpu", Some((0, 115))), platform("cuda", Some((0, 112))));
    assert_eq!(level(&[], &cpu), Ok(OptLevel::O1));
    assert_eq!(level(&[], &gpu), Ok(OptLevel::O3));
    assert_eq!(level(&[], &platform("cpu", None)), Ok(OptLevel::O3));
    assert_eq!(level(&[("PYROXENE_OPT_LEVEL", "2")], &cpu), Ok(OptLevel::O2));
    let least = |pairs: &[(&str, &str)], platform: &Platform| level_of(Effort::Least, pairs, platform);
    assert_eq!(least(&[], &cpu), Ok(OptLevel::O0));
    assert_eq!(least(&[], &gpu), Ok(OptLevel::O3));
    assert_eq!(least(&[("PYROXENE_OPT_LEVEL", "2")], &cpu), Ok(OptLevel::O2));
}

#[test]
fn loops_are_graphs_on_gpus_unless_the_user_s_flags_say_otherwise() {
    let flags = |pairs: &[(&str, &str)], name| {
        options(pairs)
            .map(|options| options.compile_options(&platform(name, Some((0, 115))), Effort::Full).flags)
    };
    let on_gpu = flags(&[], "cuda").unwrap();
    assert!(
        matches!(&on_gpu[COMMAND_BUFFERS], FlagValue::Text(names) if names.ends_with("CONDITIONAL,WHILE"))
    );
    assert_eq!(flags(&[], "cpu"), Ok(BTreeMap::new()));
    let own = [("XLA_FLAGS", "--xla_gpu_enable_command_buffer=")];
    assert_eq!(flags(&own, "cuda"), Ok(BTreeMap::new()));
}

#[test]
fn data_directory_is_the_first_that_is_set() {
    let all = [("HOME", "/h"), ("XDG_DATA_HOME", "/x"), ("PYROXENE_DATA_DIR", "/p")];
    let found = |n| options(&all[..n]).map(|o| o.data_dir);
    assert_eq!(found(1), Ok(Some("/h/.local/share/pyroxene".into())));
    assert_eq!(found(2), Ok(Some("/x/pyroxene".into())));
    assert_eq!(found(3), Ok(Some("/p".into())));
}

#[test]
fn relative_xdg_directory_is_ignored_as_its_standard_asks() {
    let found = options(&[("HOME", "/h"), ("XDG_DATA_HOME", "x")]).map(|o| o.data_dir);
    assert_eq!(found, Ok(Some("/h/.local/share/pyroxene".into())));
}

#[test]
fn levels_of_validation_are_in_order_and_others_are_refused() {
    let found = |level| options(&[("PYROXENE_VALIDATE", level)]).map(|o| o.validate);
    let levels: Result<Vec<Validate>, _> =
        ["off", "loose", "strict", "error"].into_iter().map(found).collect();
    assert_eq!(levels, Ok(vec![Validate::Off, Validate::Loose, Validate::Strict, Validate::Error]));
    let told = found("warn").map_err(|e| e.to_string());
    assert_eq!(
        told,
        Err("the environment variable PYROXENE_VALIDATE is `warn`, expected off|loose|strict|error".into())
    );
}

#[test]
fn plugins_by_platform() {
    let found =
        options(&[("PJRT_NAMES_AND_LIBRARY_PATHS", "cpu:/p.so, cuda:/q.so,")]).map(|o| o.named_plugins);
    assert_eq!(found, Ok(vec![("cpu".into(), "/p.so".into()), ("cuda".into(), "/q.so".into())]));
    assert!(options(&[("PJRT_NAMES_AND_LIBRARY_PATHS", "/p.so")]).is_err());
}

#[test]
fn wrong_value_names_variable_and_form() {
    let message = |pair| options(&[pair]).map_err(|e| e.to_string());
    assert_eq!(
        message(("PYROXENE_PLUGIN_INSTALL", "no")),
        Err("the environment variable PYROXENE_PLUGIN_INSTALL is `no`, expected auto|never".into())
    );
    assert_eq!(
        message(("PYROXENE_OPT_LEVEL", "9")),
        Err("the environment variable PYROXENE_OPT_LEVEL is `9`, expected 0|1|2|3".into())
    );
}

#[test]
fn cache_is_off_by_name_and_has_a_size() {
    let cache = |pairs: &[(&str, &str)]| options(pairs).map(|o| (o.cache, o.cache_size));
    assert_eq!(cache(&[("HOME", "/h")]), Ok((Some("/h/.cache/pyroxene".into()), None)));
    let pairs = [("HOME", "/h"), ("XDG_CACHE_HOME", "/x"), ("PYROXENE_CACHE_SIZE", "20")];
    assert_eq!(cache(&pairs), Ok((Some("/x/pyroxene".into()), Some(20_000_000))));
    assert_eq!(cache(&[("HOME", "/h"), ("PYROXENE_CACHE", "here")]), Ok((Some("here".into()), None)));
    assert_eq!(cache(&[("HOME", "/h"), ("PYROXENE_CACHE", "off")]), Ok((None, None)));
    for wrong in ["1 GB", "-1", "99999999999999999"] {
        assert!(cache(&[("PYROXENE_CACHE_SIZE", wrong)]).is_err(), "{wrong}");
    }
}

#[test]
fn passes_are_chosen_by_name_and_number() {
    let found = options(&[
        ("PYROXENE_DUMP_PASS", "^(vjp|low)"),
        ("PYROXENE_DISABLE_PASS", "fold, dce,"),
        ("PYROXENE_PASS_LIMIT", "0"),
    ]);
    let found = found.map(|o| (o.dump_pass, o.disabled_passes, o.pass_limit));
    let (pattern, names, limit) = found.unwrap_or_default();
    assert!(pattern.is_some_and(|p| p.matches("lowered") && p.matches("vjp") && !p.matches("flow")));
    assert_eq!((names, limit), (vec!["fold".to_string(), "dce".into()], Some(0)));
    assert!(options(&[("PYROXENE_DUMP_PASS", "(")]).is_err());
    assert!(options(&[("PYROXENE_PASS_LIMIT", "-1")]).is_err());
}

#[test]
fn misspelt_variables_are_listed() {
    let environment =
        Environment::from_pairs([("PYROXENE_PLUGINS", "x"), ("PYROXENE_DUMP", "y"), ("OTHER", "z")]);
    assert_eq!(environment.unknown(), ["PYROXENE_PLUGINS"]);
    let row = environment.rows().into_iter().find(|r| r.variable.name == "PYROXENE_DUMP");
    assert_eq!(row.and_then(|r| r.value).as_deref(), Some("y"));
}
