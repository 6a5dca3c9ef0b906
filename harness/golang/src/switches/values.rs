//! What of a switch is worth trying, where its sources do not say it themselves.

/// What to try: the name, the values (behind `;`, other settings that it takes), what it costs.
struct Known(&'static str, &'static [&'static str], Option<&'static str>);

const NEVER_FREES: Option<&str> = Some("it never frees memory");
const FLOODS: Option<&str> = Some("it prints a stack for every allocation");

/// # Go
/// The package comment of runtime/extern.go of go1.20 to go1.27, of net and of net/http; doc/godebug.md. What none of them
/// names is from the code that reads it.
const KNOWN: &[Known] = &[
    Known("allocfreetrace", &["1"], FLOODS),
    Known("asyncpreemptoff", &["1"], None),
    Known("checkfinalizers", &["1"], None),
    Known("dataindependenttiming", &["1"], None),
    Known("efence", &["1"], Some("every object takes a page that is never used again")),
    // os/exec/exec.go: 1 closes what a leaked Cmd left, 2 reports it (godebug.New("#execwait")).
    Known("execwait", &["2"], None),
    Known("fips140", &["on", "only"], None),
    Known("fuzzdebug", &["1"], None),
    Known("gcstoptheworld", &["1", "2"], None),
    Known("http2client", &["0"], None),
    Known("http2server", &["0"], None),
    Known("http2debug", &["1", "2"], None),
    Known("intern", &["leaky"], None),
    Known("memprofilerate", &["1"], Some("it takes a stack at every allocation")),
    Known("multipartmaxheaders", &["1000000"], None),
    Known("multipartmaxparts", &["1000000"], None),
    // net/conf.go, goDebugNetDNS: `go`, `cgo`, a level, or both joined by `+`. Level 2 also tells the order of sources.
    Known("netdns", &["go+2", "cgo+2"], None),
    Known("profstackdepth", &["1024"], None),
    Known("sbrk", &["1"], NEVER_FREES),
    // Without schedtrace it does nothing.
    Known("scheddetail", &["1;schedtrace=100"], None),
    Known("schedtrace", &["100"], None),
    Known("tlsmaxrsasize", &["16384"], None),
    // net/dial.go: 0 never, 1 dialling and listening.
    Known("multipathtcp", &["0", "1"], None),
    Known("traceadvanceperiod", &["1000000"], None),
    Known("tracebackancestors", &["10"], None),
    Known("x509usefallbackroots", &["1"], None),
    // Those of before their default changed for good have only "0".
    Known("execerrdot", &["0"], None),
    Known("randautoseed", &["0"], None),
    Known("tarinsecurepath", &["0"], None),
    Known("zipinsecurepath", &["0"], None),
    Known("installgoroot", &["all"], None),
];

/// A value, and the settings that it takes beside it.
pub(super) type Value = (&'static str, Option<&'static str>);

/// The values worth trying, and what that costs.
pub(super) fn known(name: &str) -> Option<(Vec<Value>, Option<&'static str>)> {
    let Known(_, values, cost) = KNOWN.iter().find(|known| known.0 == name)?;
    let split = |value: &&'static str| match value.split_once(';') {
        Some((value, beside)) => (value, Some(beside)),
        None => (*value, None),
    };
    Some((values.iter().map(split).collect(), *cost))
}

/// Variables of the runtime that are worth setting, beside GODEBUG and GOTRACEBACK: the value, and what it costs.
pub(super) const VARIABLES: &[(&str, &str, Option<&str>)] =
    &[("GOMAXPROCS", "1", None), ("GOGC", "off", NEVER_FREES), ("GOGC", "1", None)];
