//! What is a secret. Each rule is a form that a provider or a convention defines; a rule whose form also fits other
//! things looks at what it found before it takes it out.

/// A form of secrets.
pub(super) struct Rule {
    /// The name in `[REDACTED:name]`.
    pub(super) name: &'static str,
    /// The form. Its first group, when it has one, is what is taken out.
    pub(super) pattern: &'static str,
    /// What it becomes, where that is not the name.
    pub(super) stands_for: Option<&'static str>,
    /// Whether what was found is one, given what of the form stands before it.
    pub(super) is_secret: fn(&str, &str) -> bool,
}

const fn token(name: &'static str, pattern: &'static str) -> Rule {
    Rule { name, pattern, stands_for: None, is_secret: always }
}

/// In order: of two rules that fit at the same place the first one counts.
pub(super) const RULES: &[Rule] = &[
    token(
        "private-key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    token("age-key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{40,}"),
    token("aws-key", r"\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z2-7]{16}\b"),
    token("github", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    token("gitlab", r"\b(?:glpat|gldt|glrt|glcbt|glptt|glft|glimt|glagent|gloas|glsoat)-[A-Za-z0-9_\-]{20,}"),
    token("slack", r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,})"),
    token("slack", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9_/]{20,})"),
    token("discord", r"discord(?:app)?\.com/api/webhooks/\d+/([A-Za-z0-9_\-]{20,})"),
    token("anthropic", r"\bsk-ant-[A-Za-z0-9_\-]{20,}"),
    token("openrouter", r"\bsk-or-v1-[0-9a-f]{32,}"),
    Rule {
        name: "openai",
        pattern: r"\bsk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_\-]{20,}",
        stands_for: None,
        is_secret: has_digits_and_letters,
    },
    token("stripe", r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{24,})"),
    token("google", r"\b(?:AIza[0-9A-Za-z_\-]{35}|ya29\.[0-9A-Za-z_\-]{20,}|GOCSPX-[0-9A-Za-z_\-]{20,})"),
    token("npm", r"\bnpm_[A-Za-z0-9]{36}"),
    token("pypi", r"\bpypi-[A-Za-z0-9_\-]{50,}"),
    token("crates", r"\bcio[A-Za-z0-9]{32}\b"),
    token("rubygems", r"\brubygems_[0-9a-f]{40,}"),
    token("docker", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_\-]{20,}"),
    token("huggingface", r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    token("replicate", r"\br8_[A-Za-z0-9]{30,}"),
    token("groq", r"\bgsk_[A-Za-z0-9]{40,}"),
    token("xai", r"\bxai-[A-Za-z0-9]{40,}"),
    token("perplexity", r"\bpplx-[A-Za-z0-9]{40,}"),
    token("sendgrid", r"\bSG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}"),
    token("mailgun", r"\bkey-[0-9a-f]{32}\b"),
    token("twilio", r"\bSK[0-9a-f]{32}\b"),
    token("telegram", r"\b\d{8,10}:AA[A-Za-z0-9_\-]{32,}"),
    token("digitalocean", r"\bdo[opr]_v1_[0-9a-f]{60,}"),
    token("databricks", r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    token("doppler", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._\-]{30,}"),
    token("linear", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    token("notion", r"\b(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}\b)"),
    token("postman", r"\bPMAK-[0-9a-f]{20,}-[0-9a-f]{30,}"),
    token("shopify", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    token("vault", r"\b(?:hv[sbr]\.[A-Za-z0-9_\-]{24,}|s\.[A-Za-z0-9]{24}\b)"),
    token("supabase", r"\bsb(?:p|_secret)_[A-Za-z0-9_\-]{20,}"),
    token("figma", r"\bfig[dou]_[A-Za-z0-9_\-]{30,}"),
    token("planetscale", r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_\-.]{30,}"),
    token("newrelic", r"\bNR(?:AK|JS|II|RA)-[A-Za-z0-9_\-]{18,}"),
    token("sentry", r"\bsntry[su]_[A-Za-z0-9_\-=+/]{30,}"),
    token("grafana", r"\bgl(?:sa|c)_[A-Za-z0-9_+/=]{30,}"),
    token("atlassian", r"\bATATT3[A-Za-z0-9_\-=]{40,}"),
    token("terraform", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{50,}"),
    token("fly", r"\bFlyV1 [A-Za-z0-9_\-=+/,]{40,}"),
    token("dropbox", r"\bsl\.(?:u\.)?[A-Za-z0-9_\-]{100,}"),
    token("pulumi", r"\bpul-[0-9a-f]{40}\b"),
    token("netlify", r"\bnf[pcoub]_[A-Za-z0-9]{36,}"),
    token("1password", r"\bops_ey[A-Za-z0-9_\-=]{100,}"),
    token("azure", r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,}={0,2})"),
    token("azure", r"[?&]sig=([A-Za-z0-9%+/=]{30,})"),
    token("jwt", r"\bey[A-Za-z0-9_\-]{10,}\.ey[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}"),
    Rule {
        name: "authorization",
        pattern: r#"(?i)\bauthorization["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic|token|apikey|key)\s{1,4}([A-Za-z0-9._~+/=\-]{8,})"#,
        stands_for: None,
        is_secret: is_no_placeholder,
    },
    Rule {
        name: "authorization",
        pattern: r"(?i)\bbearer\s{1,4}([A-Za-z0-9._~+/=\-]{20,})",
        stands_for: None,
        is_secret: has_digits_and_letters,
    },
    Rule {
        name: "dsn",
        pattern: r"\b[a-zA-Z][a-zA-Z0-9+.\-]{1,30}://[^\s/:@'\x22`<>]{0,128}:([^\s/@'\x22`<>]{3,256})@[A-Za-z0-9\[]",
        stands_for: None,
        is_secret: is_no_placeholder,
    },
    Rule {
        name: "basic",
        pattern: r"(?:\s-u|--user)[ =][A-Za-z0-9._@\-]{1,64}:([^\s'\x22]{6,128})",
        stands_for: None,
        is_secret: is_no_placeholder,
    },
    // A quoted value of a key whose name says that it is a secret, and an unquoted one.
    Rule {
        name: "keyed",
        pattern: r#"(?i)[a-z0-9_\-.]{0,40}(?:passwo?r?d|passphrase|secret|api[_\-]?key|apikey|access[_\-]?key|private[_\-]?key|auth[_\-]?key|signing[_\-]?key|encryption[_\-]?key|[_\-]token|access[_\-]?token|auth[_\-]?token|refresh[_\-]?token|\btoken|credentials?)["']?\s{0,4}(?:=|:|=>|:=)\s{0,4}["']([^"'\s]{6,512})["']"#,
        stands_for: None,
        is_secret: is_literal,
    },
    Rule {
        name: "keyed",
        pattern: r"(?i)[a-z0-9_\-.]{0,40}(?:passwo?r?d|passphrase|secret|api[_\-]?key|apikey|access[_\-]?key|private[_\-]?key|auth[_\-]?key|signing[_\-]?key|encryption[_\-]?key|[_\-]token|access[_\-]?token|auth[_\-]?token|refresh[_\-]?token|\btoken|credentials?)(?:=|:\s{1,2})([^\s\x22'`,;&|<>()\[\]{}$]{8,512})",
        stands_for: None,
        is_secret: is_bare_literal,
    },
    Rule {
        name: "home",
        pattern: r"(?:^|[^A-Za-z0-9._~/\-])((?:/home|/Users|/var/home|/private/var/root)/[A-Za-z0-9._\-]+)",
        stands_for: Some("~"),
        is_secret: is_a_user,
    },
    Rule {
        name: "home",
        pattern: r"(?:^|[^A-Za-z0-9])([A-Za-z]:(?:\\|\\\\|/)Users(?:\\|\\\\|/)[A-Za-z0-9._\-]+)",
        stands_for: Some("~"),
        is_secret: always,
    },
];

fn always(_: &str, _: &str) -> bool {
    true
}

fn is_a_user(path: &str, _: &str) -> bool {
    !path.ends_with("/Shared")
}

fn has_digits_and_letters(secret: &str, _: &str) -> bool {
    is_no_placeholder(secret, "")
        && secret.bytes().filter(u8::is_ascii_digit).count() >= 3
        && secret.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Values that stand where a secret will be put, or that tell where it is.
fn is_no_placeholder(secret: &str, _: &str) -> bool {
    const PLACEHOLDERS: [&str; 22] = [
        "xxx",
        "***",
        "...",
        "example",
        "placeholder",
        "changeme",
        "change_me",
        "your_",
        "your-",
        "redacted",
        "dummy",
        "sample",
        "<",
        "${",
        "$(",
        "{{",
        "%(",
        "process.env",
        "os.environ",
        "getenv",
        "env.",
        "password",
    ];
    let lower = secret.to_lowercase();
    !lower.starts_with('$') && !PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder))
}

/// A quoted value: anything that is not a placeholder, a name, or words.
fn is_literal(secret: &str, _: &str) -> bool {
    let distinct = secret.bytes().collect::<std::collections::BTreeSet<_>>().len();
    is_no_placeholder(secret, "")
        && distinct >= 5
        && (has_mixture(secret) || secret.len() >= 24 && !looks_like_name(secret))
}

/// An unquoted value: code is full of names after such keys, so it must not look like one.
fn is_bare_literal(secret: &str, _: &str) -> bool {
    let distinct = secret.bytes().collect::<std::collections::BTreeSet<_>>().len();
    let is_path = secret.contains("::") || secret.starts_with(['/', '.', '*', '&', '#', '@', '-']);
    is_no_placeholder(secret, "") && distinct >= 5 && !is_path && has_mixture(secret) && !looks_like_name(secret)
}

/// Letters and digits together, as names of types, keys and languages seldom have them.
fn has_mixture(secret: &str) -> bool {
    let digits = secret.bytes().filter(u8::is_ascii_digit).count();
    let letters = secret.bytes().filter(u8::is_ascii_alphabetic).count();
    digits >= 1 && letters >= 2
}

/// `get_token_2`, `Some.Name1`, `a/b/c1`: words with separators, and at most two digits at an end.
fn looks_like_name(secret: &str) -> bool {
    let words: Vec<&str> = secret.split(['_', '.', '/', ':', '-']).filter(|word| !word.is_empty()).collect();
    let is_word = |word: &&str| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        word.len() - letters.len() <= 2 && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    words.iter().all(is_word) && words.iter().all(|word| word.len() <= 24) && (words.len() > 1 || secret.len() <= 10)
}
