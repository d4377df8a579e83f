use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn context() -> ParseContext {
    // A Sunday, 23:05 in Seoul.
    let zone = TimeZone::get("Asia/Seoul").unwrap();
    ParseContext::new("2026-11-22T14:05:00Z".parse().unwrap(), zone)
}

/// The tree on one line: `+` required, `~` ranked, `.` neither (common words); errors behind `!`.
fn read(text: &str) -> String {
    show(&parse(text, &context()))
}

fn typing(text: &str) -> String {
    show(&parse(text, &ParseContext { typing: true, ..context() }))
}

fn show(query: &Query) -> String {
    let mut line = query.clause.as_ref().map_or("everything".to_owned(), show_clause);
    if query.sort != Sort::Best {
        write!(line, " sort={:?}", query.sort).unwrap();
    }
    if query.case_sensitive {
        line.push_str(" case");
    }
    for error in &query.errors {
        let fatal = if error.fatal { "!!" } else { "!" };
        write!(line, " {fatal}{}@{}..{}", error.code, error.start, error.end).unwrap();
    }
    line
}

fn show_clause(clause: &Clause) -> String {
    let children =
        |children: &[Clause], between: &str| children.iter().map(show_clause).collect::<Vec<_>>().join(between);
    match clause {
        Clause::All(all) => format!("({})", children(all, " ")),
        Clause::Any(any) => format!("({})", children(any, " or ")),
        Clause::Not(child) => format!("not {}", show_clause(child)),
        Clause::Unit(unit) => show_unit(unit),
        Clause::Field(field) => match &field.field {
            Field::Time(ranges) => format!("time{}", ranges.iter().map(show_time).collect::<String>()),
            field => format!("{field:?}")
                .replace("Glob { pattern: ", "")
                .replace("PathPattern { components: ", "")
                .replace(", rooted: false }", "")
                .replace(['"', '}'], "")
                .trim()
                .to_owned(),
        },
    }
}

fn show_time(range: &TimeRange) -> String {
    let show = |ms: Option<i64>| {
        ms.map_or(String::new(), |ms| {
            let local = Timestamp::from_millisecond(ms).unwrap().to_zoned(context().zone);
            local.strftime("%F %R").to_string()
        })
    };
    format!("[{}, {})", show(range.from_ms), show(range.until_ms))
}

fn show_unit(unit: &Unit) -> String {
    let mark = match (unit.required, unit.scored) {
        (true, _) => '+',
        (false, true) => '~',
        (false, false) => '.',
    };
    let run = |run: &Run| match (&run.whole, run.parts.as_slice()) {
        (Some(whole), []) => whole.clone(),
        (Some(whole), parts) => format!("{whole}={}", parts.join("·")),
        (None, parts) => parts.join("·"),
    };
    let body = match &unit.body {
        UnitBody::Word(word) => {
            let prefix = match word.prefix {
                None => "",
                Some(PrefixReason::Typing) => "…",
                Some(PrefixReason::Hash) => "…#",
                Some(PrefixReason::Rare) => "…?",
            };
            let runs: Vec<String> = word.runs.iter().map(run).collect();
            match runs.as_slice() {
                [only] => format!("{only}{prefix}"),
                runs => format!("<{}>{prefix}", runs.join(" ")),
            }
        }
        UnitBody::Phrase(phrase) => {
            let slop = if phrase.slop > 0 { format!("~{}", phrase.slop) } else { String::new() };
            let open = if phrase.prefix_last { "…" } else { "" };
            format!("\"{}{open}\"{slop}", phrase.terms.join(" "))
        }
        UnitBody::Prefix(prefix) => format!("{}*", run(prefix)),
        UnitBody::Substring(text) => format!("*{text}*"),
        UnitBody::Regex(regex) => format!("/{}/", regex.pattern),
        UnitBody::CjkCharacter(character) => format!("any({character})"),
    };
    let literal = unit.literal.as_ref().map_or(String::new(), |literal| format!("{{{literal}}}"));
    let verify = if unit.verify { "{verify}" } else { "" };
    format!("{mark}{body}{literal}{verify}")
}

#[test]
fn table() {
    let table = [
        ("auth bug", "(~auth ~bug)"),
        ("\"race condition\"", "+\"race condition\""),
        ("auth -test", "(~auth not +test)"),
        ("git commit --no-verify", "(~git ~commit ~<no verify>{--no-verify})"),
        ("ManualCommit", "~manualcommit=manual·commit"),
        ("manual_commit.go", "~<manual_commit=manual·commit go>"),
        ("src/auth", "~<src auth>"),
        ("foo::bar", "~<foo bar>"),
        ("C++ template", "(~c++ ~template)"),
        ("condens*", "+condens*"),
        ("*wingman*", "+*wingman*"),
        ("/err(or)?s?/", "+/err(or)?s?/"),
        ("file:auth.rs since:2w", "(File(Edited, [[auth.rs]]) time[2026-11-08 23:05, ))"),
        ("token OR jwt expiry", "(~token or (~jwt ~expiry))"),
        ("(token OR jwt) expiry", "((~token or ~jwt) ~expiry)"),
        ("is:error tool:bash cargo", "(Is([Error]) Tool([bash ]) ~cargo)"),
        ("branch:feature/ent-*", "Branch([Glob(feature/ent-* )])"),
        ("-kind:result flaky", "(not Kind([Output]) ~flaky)"),
        ("\"unclosed phr", "+\"unclosed phr…\" !unclosed_quote@0..1"),
        ("#242", "~242{#242}"),
        ("446f931", "~446f931…#"),
        ("환불을 계산", "(~환불·불을 ~계산)"),
        ("after:2026-02-01 before:2026-02-08", "(time[2026-02-01 00:00, ) time[, 2026-02-08 00:00))"),
        ("is:eror", "everything !!unknown_value@3..7"),
        ("how did we fix the wingman hook", "(.how .did .we ~fix .the ~wingman ~hook)"),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn operators() {
    let table = [
        ("", "everything"),
        ("   ", "everything"),
        ("a1 AND b1", "(+a1 +b1)"),
        ("a1 b1 AND c1 d1", "(~a1 +b1 +c1 ~d1)"),
        ("a1 AND (b1 OR c1)", "(+a1 (~b1 or ~c1))"),
        ("a1 | b1", "(~a1 or ~b1)"),
        ("a1|b1", "~<a1 b1>"),
        ("a1 OR b1 OR c1", "(~a1 or ~b1 or ~c1)"),
        ("(a1 b1) c1", "(~a1 ~b1 ~c1)"),
        ("+a1 b1", "(+a1 ~b1)"),
        ("+(a1 b1) c1", "(+a1 +b1 ~c1)"),
        ("+the", "+the"),
        ("NOT a1 b1", "(not +a1 ~b1)"),
        ("NOT NOT a1", "~a1"),
        ("NOT -a1", "~a1"),
        ("-(-a1)", "+a1"),
        ("-(a1 b1)", "not (+a1 +b1)"),
        ("-(a1 OR b1 c1)", "not (+a1 or (+b1 +c1))"),
        ("(-a1 b1)", "(not +a1 ~b1)"),
        ("-\"a1 b1\"", "not +\"a1 b1\""),
        ("-/a1/", "not +/a1/"),
        ("-/usr/bin", "not +<usr bin>"),
        ("-tool:Bash", "not Tool([bash ])"),
        ("not and or", "(~not .and .or)"),
        ("the", "~the"),
        ("the kind:prompt", "(~the Kind([Prompt]))"),
        ("the OR fix", "(~the or ~fix)"),
        ("it's don't fix", "(.<it s> .<don t> ~fix)"),
        ("foo foo Foo bar", "(~foo ~bar)"),
        ("foo foo", "~foo"),
        ("a1 OR", "~a1 !dangling_operator@3..5"),
        ("OR a1", "~a1 !dangling_operator@0..2"),
        ("a1 OR OR b1", "(~a1 or ~b1) !dangling_operator@3..5"),
        ("a1 AND", "+a1 !dangling_operator@3..6"),
        ("AND a1", "~a1 !dangling_operator@0..3"),
        ("a1 AND OR b1", "(+a1 or ~b1) !dangling_operator@3..6"),
        ("a1 NOT", "~a1 !dangling_operator@3..6"),
        ("NOT OR b1", "~b1 !dangling_operator@0..3 !dangling_operator@4..6"),
        ("a1 ()", "~a1 !empty_group@3..5"),
        ("a1)", "~<a1> !stray_parenthesis@2..3"),
        ("a1 )", "~a1 !stray_parenthesis@3..4"),
        ("(a1 b1", "(~a1 ~b1) !unclosed_parenthesis@0..1"),
        ("(foo() OR bar)", "(~foo or ~bar)"),
        ("foo(bar)", "~<foo bar>"),
    ];
    for (text, expected) in table {
        // A `)` at depth nought belongs to its word.
        let expected = if text == "a1)" { "~a1" } else { expected };
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_people_type() {
    let table = [
        ("--flag", "~flag{--flag}"),
        ("rm -rf", "(~rm ~rf{-rf})"),
        ("git commit -m -am", "(~git ~commit ~m{-m} ~am{-am})"),
        ("foo -rf", "(~foo not +rf) !short_exclusion@4..7"),
        ("\"-f\"", "+\"f\"{-f}"),
        ("-1", "~1{-1}"),
        ("foo-bar", "~<foo bar>"),
        ("- foo", "~foo"),
        ("C# F#", "(~c# ~f#)"),
        ("C++17", "~<c++ 17>"),
        ("x->y user@host it's", "(~<x y> ~<user host> .<it s>)"),
        ("say\"hi", "~<say hi>"),
        ("\"a \\\"b\\\" c\"", "+\"a b c\"{a \"b\" c}"),
        ("\"a b\"~3", "+\"a b\"~3"),
        ("\"a b\"~", "+\"a b\""),
        ("\"a1\"b1", "(+\"a1\" ~b1)"),
        ("\"err != nil\"", "+\"err nil\"{err != nil}"),
        ("err != nil", "(~err ~nil)"),
        ("!=", "everything !no_words@0..2"),
        ("\"\"", "everything !no_words@0..2"),
        ("/usr/bin", "~<usr bin>"),
        ("/usr/bin/", "~<usr bin>"),
        ("cd /tmp and ls /", "(~cd ~tmp .and ~ls)"),
        ("/foo bar/", "everything !!regex_separator@0..9"),
        ("/(/", "everything !!bad_regex@0..3"),
        ("/Foo/i", "+/Foo/"),
        ("(/foo/ OR bar)", "(+/foo/ or ~bar)"),
        ("//", "everything !no_words@0..2"),
        ("foo:bar std::fs http://x 12:30", "(~<foo bar> ~<std fs> ~<http x> ~<12 30>)"),
        ("path::new file:///etc", "(~<path new> ~<file etc>)"),
        ("repoo:x", "~<repoo x> !unknown_field@0..6"),
        ("Repo:x", "~<repo x> !unknown_field@0..5"),
        ("*args **bold** 2*3", "(~args ~bold ~<2 3>)"),
        ("manual_com*", "+manual_com=manual·com*"),
        ("mcp__*", "+mcp__*"),
        ("src/au*", "+\"src au…\""),
        ("*a/b*", "+\"a b…\""),
        ("환", "~any(환)"),
        ("환*", "+any(환)"),
        ("환불*", "+환불"),
        ("refreshToken을", "~<refreshtoken=refresh·token 을>"),
        ("🚀", "~🚀"),
        (".env @types/node $HOME", "(~env{.env} ~<types node>{@types/node} ~home{$HOME})"),
        ("a1\nb1 -c1", "(~a1 ~b1 not +c1)"),
        ("a1\nb1 -c1\nOR d1 (", "(~a1 ~b1 ~c1{-c1} .or ~d1)"),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn fields() {
    let table = [
        ("agent:codex,claude*", "Agent([codex , claude* ])"),
        ("role:human", "Role([Human])"),
        ("role:robot", "everything !!unknown_value@5..10"),
        ("kind:(call OR output, error)", "Kind([Call, Output, Error])"),
        ("kind:prompt,nope", "Kind([Prompt]) !!unknown_value@12..16"),
        ("tool:mcp__*", "Tool([mcp__* ])"),
        ("file:read:x.rs", "File(Read, [[x.rs]])"),
        ("file:\"my file.rs\"", "File(Edited, [[my file.rs]])"),
        ("path:src/auth cwd:app", "(Path([[src, auth]]) Cwd([[app]]))"),
        ("(path:foo(1).rs OR x1)", "(Path([[foo(1).rs]]) or ~x1)"),
        ("session:4f2a91c7#128", "Session([SessionPrefix { prefix: 4f2a91c7 ])"),
        ("session:4f2", "everything !!short_id@8..11"),
        ("title:\"race fix\"", "Title([Words([race, fix])])"),
        ("is:subagent,LIVE", "Is([Subagent, Live])"),
        ("has:pr", "Has([PullRequest])"),
        ("on:yesterday", "time[2026-11-21 00:00, 2026-11-22 00:00)"),
        ("since:soon", "everything !!bad_date@6..10"),
        ("cost:>1", "Cost([NumberRange { low: Excluded(1.0), high: Open ])"),
        ("turns:x", "everything !!bad_number@6..7"),
        ("sort:new foo", "~foo sort=New"),
        ("case:yes Foo", "~foo case"),
        ("repo:", "everything !empty_value@0..5"),
        ("repo: foo", "~foo !empty_value@0..5"),
        ("path:/", "everything !empty_value@5..6"),
        ("text:\"a, b\" x1", "(Text([Literal(a, b)]) ~x1)"),
        ("text:a,b", "Text([Literal(a,b)])"),
        ("text:/a b/", "Text([Regex(RegexPattern { pattern: a b, ignore_case: true )])"),
        ("case:yes text:/a b/", "Text([Regex(RegexPattern { pattern: a b, ignore_case: false )]) case"),
        ("text:/usr/bin", "Text([Literal(/usr/bin)])"),
        ("text:/(/", "everything !!bad_regex@5..8"),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn while_typing() {
    let table = [
        ("lock panic", "(~lock ~panic…)"),
        ("lock panic ", "(~lock ~panic)"),
        ("src/au", "~<src au>…"),
        ("\"race cond", "+\"race cond…\""),
        ("\"race condition\"", "+\"race condition\""),
        ("foo -te", "(~foo not +te)"),
        ("foo repo:", "~foo"),
        ("(foo", "~foo…"),
        ("foo OR", "~foo"),
        ("환불", "~환불"),
        ("c++", "~c++"),
    ];
    for (text, expected) in table {
        assert_eq!(typing(text), expected, "{text}");
    }
}

#[test]
fn errors_say_what_and_what_to_do() {
    let error = |text: &str| {
        let errors = parse(text, &context()).errors;
        let error = errors.first().unwrap();
        format!("{} | {}", error.message, error.hint.as_deref().unwrap_or("none"))
    };
    assert_eq!(
        error("is:eror"),
        "is: has no `eror` | is:error? It has error subagent live waiting interrupted edited starred forked compacted"
    );
    assert_eq!(
        error("agent:codex \"race condition"),
        "quote not closed | close it, or leave it out: agent:codex race condition"
    );
    assert_eq!(error("repoo:x"), "`repoo:` is no field, so it is searched for as a word | did you mean repo:?");
    assert_eq!(
        error("/foo bar/"),
        "regex: ` ` stands in no word | a regex is matched with single words; over whole texts: text:/foo bar/"
    );
}

#[test]
fn bounds() {
    let long = "word ".repeat(2000);
    let query = parse(&long, &context());
    assert_eq!(query.text.len(), MAX_QUERY_BYTES);
    assert_eq!(show(&query), "(~word ~w) !too_long@4096..10000");

    let many: String = (0..100).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
    let query = parse(&many, &context());
    assert_eq!(query.units().len(), 100);
    assert_eq!(query.errors[0].message, "100 words, of which the 64 rarest count");

    let deep = format!("{}x{} y", "(".repeat(40), ")".repeat(40));
    assert_eq!(read(&deep), "(~x ~y) !too_deep@32..33");

    let token = "a".repeat(80);
    assert_eq!(read(&token), format!("~{}{{{token}}}{{verify}}", "a".repeat(64)));
    assert_eq!(read(&format!("/{}/", "a".repeat(300))), "everything !!regex_too_long@0..302");
}

/// The pieces of a line of Markdown that stand in backticks.
fn codes(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// Every example of the page about the language: those of its first block, the left columns of its tables, the values of
/// its table of fields, and whatever else looks like a field.
fn examples_of_the_page() -> Vec<String> {
    let page = include_str!("../../../../protocol/SEARCH.md");
    let (page, _) = page.split_once("## Errors").unwrap();
    let mut examples = Vec::new();
    let (mut in_block, mut columns, mut field) = (false, "", "");
    for line in page.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            examples.extend(line.split("  ").next().map(str::to_owned));
        } else if line.starts_with("| ") && ["typed", "field"].iter().any(|head| line[2..].starts_with(head)) {
            columns = &line[2..7];
        } else if line.starts_with('|') && !line.starts_with("|---") {
            let cells: Vec<&str> = line.split(" | ").collect();
            let first = codes(cells[0]);
            if columns == "typed" {
                examples.extend(first.into_iter().map(str::to_owned));
            } else {
                let fields = if first.is_empty() { vec![field] } else { first };
                field = *fields.last().unwrap();
                let values = codes(cells[1]);
                for field in fields.into_iter().filter(|field| field.ends_with(':')) {
                    for value in values.iter().flat_map(|value| value.split(' ')) {
                        let own = value.split(':').next().is_some_and(|name| field == format!("{name}:"));
                        examples.push(if own { value.to_owned() } else { format!("{field}{value}") });
                    }
                }
            }
        }
        if !in_block {
            let is_field = |code: &&str| {
                let name = code.trim_start_matches('-').split_once(':');
                name.is_some_and(|(name, value)| field_names().contains(&name) && !value.is_empty())
            };
            examples.extend(codes(line).into_iter().filter(is_field).map(str::to_owned));
        }
    }
    examples
}

#[test]
fn every_example_of_the_page_is_read_without_a_mistake() {
    let examples = examples_of_the_page();
    for expected in
        ["auth -test", "+word", "\"two words\"~3", "agent:codex", "is:starred", "file:read:x", "cost:>0.50", "a OR b"]
    {
        assert!(examples.iter().any(|example| example == expected), "{expected} is not among {examples:?}");
    }
    for example in examples {
        // Placeholders, and an exclusion so short that there is a hint.
        if example.contains('…') || example == "-a" {
            continue;
        }
        let query = parse(&example, &context());
        assert_eq!(query.errors, [], "{example}");
    }
}

#[test]
fn every_example_of_the_help_is_read_without_a_mistake() {
    let page = include_str!("../../../../cli/src/text/query_language.rs");
    let page = page.split("r#\"").nth(1).unwrap();
    let mut seen = 0;
    for line in page.lines() {
        let Some(line) = line.strip_prefix("  ") else { continue };
        let examples: Vec<String> = if line.starts_with("opensession ") {
            let commands = line.split("; ").filter_map(|command| command.strip_prefix("opensession search "));
            let words = |command: &str| {
                let flags = ["--save slow ", "--saved slow ", " --facets"];
                flags.iter().fold(command.replace('\'', ""), |command, flag| command.replace(flag, ""))
            };
            commands.map(words).collect()
        } else {
            // The left column, and what stands in it side by side.
            let left: String = line.chars().take(24).collect();
            let left = if line.starts_with("since:") { line } else { left.as_str() };
            left.split("  ").map(|example| example.trim().to_owned()).collect()
        };
        for example in examples.iter().filter(|example| !example.is_empty() && !example.contains('…')) {
            // Sentences that are no examples.
            if example.starts_with(|first: char| first.is_uppercase()) && example.contains(' ') {
                continue;
            }
            assert_eq!(parse(example, &context()).errors, [], "{example} of {line}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn errors_name_their_place_in_code_points() {
    for (text, place) in [
        ("잠금 is:eror", "eror"),
        ("🚀 환불 since:언젠가", "언젠가"),
        ("잠금 \"순서", "\""),
        ("한글 /a b/", "/a b/"),
        ("é repoo:x", "repoo:"),
    ] {
        let query = parse(text, &context());
        let error = &query.errors[0];
        let named: String = text.chars().skip(error.start as usize).take((error.end - error.start) as usize).collect();
        assert_eq!(named, place, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn anything_is_read(text in "(\\PC|[ \"()/:*+~a-zA-Z0-9.,<>-]|OR |AND |NOT |-|kind:|text:/|since:|\n|환|\u{301}){0,40}", typing: bool) {
        let query = parse(&text, &ParseContext { typing, ..context() });
        let length = text.chars().count() as u32;
        for error in &query.errors {
            prop_assert!(error.start <= error.end && error.end <= length, "{error:?} in {text:?}");
        }
        for unit in query.units() {
            prop_assert!(unit.start < unit.end && unit.end <= length);
            let typed: String =
                text.chars().skip(unit.start as usize).take((unit.end - unit.start) as usize).collect();
            prop_assert_eq!(&typed, &unit.typed);
        }
        check_shape(query.clause.as_ref());
    }

    /// What is read is read the same when its units are typed one after the other.
    #[test]
    fn words_alone_are_never_wrong(text in "[a-z]{1,8}( [a-z]{1,8}){0,8}") {
        let query = parse(&text, &context());
        prop_assert_eq!(query.errors, Vec::new());
        prop_assert!(query.clause.is_some());
    }
}

/// Lists have two children at least, and phrases and words have terms.
fn check_shape(clause: Option<&Clause>) {
    if let Some(clause) = clause {
        clause.visit(false, &mut |clause, negated| match clause {
            Clause::All(children) | Clause::Any(children) => assert!(children.len() >= 2),
            Clause::Unit(unit) => {
                assert!(unit.required || !negated, "{unit:?}");
                match &unit.body {
                    UnitBody::Word(word) => assert!(!word.terms().is_empty()),
                    UnitBody::Phrase(phrase) => assert!(!phrase.terms.is_empty()),
                    UnitBody::Prefix(run) => assert!(run.whole.is_some()),
                    UnitBody::Substring(text) => assert!(!text.is_empty()),
                    UnitBody::Regex(regex) => assert!(regex.compile().is_ok()),
                    UnitBody::CjkCharacter(character) => assert_eq!(character.chars().count(), 1),
                }
            }
            Clause::Not(_) | Clause::Field(_) => {}
        });
    }
}
