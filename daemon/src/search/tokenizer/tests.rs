use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// `token@position`, as in the table below.
fn tokens(text: &str) -> String {
    let mut line = String::new();
    tokenize(text, &mut TokenBuffer::default(), |token| {
        let separator = if line.is_empty() { "" } else { " " };
        write!(line, "{separator}{}@{}", token.text, token.position).unwrap();
    });
    line
}

#[test]
fn table() {
    let table = [
        ("fix the Auth bug", "fix@0 the@1 auth@2 bug@3"),
        ("getUserName", "getusername@0 get@0 user@1 name@2"),
        ("HTTPServer", "httpserver@0 http@0 server@1"),
        ("parseHTTPResponse2XX", "parsehttpresponse2xx@0 parse@0 http@1 response@2 2xx@3"),
        ("ManualCommitStrategy", "manualcommitstrategy@0 manual@0 commit@1 strategy@2"),
        ("manual_commit", "manual_commit@0 manual@0 commit@1"),
        ("__init__", "__init__@0 init@0"),
        ("MAX_RETRY_COUNT", "max_retry_count@0 max@0 retry@1 count@2"),
        ("foo_Bar2Baz", "foo_bar2baz@0 foo@0 bar@1 2@2 baz@3"),
        ("feature/ent-221-phase-aware", "feature@0 ent@1 221@2 phase@3 aware@4"),
        ("src/auth.rs", "src@0 auth@1 rs@2"),
        ("strategy/manual_commit.go:145:12", "strategy@0 manual_commit@1 manual@1 commit@2 go@3 145@4 12@5"),
        (r"C:\Users\dip\main.rs", "c@0 users@1 dip@2 main@3 rs@4"),
        ("https://github.com/o/cli/pull/284?x=1#d", "https@0 github@1 com@2 o@3 cli@4 pull@5 284@6 x@7 1@8 d@9"),
        ("v2.14.0-rc.1", "v2@0 14@1 0@2 rc@3 1@4"),
        ("utf8", "utf8@0 utf@0 8@1"),
        ("x86_64", "x86_64@0 x86@0 64@1"),
        ("sha256", "sha256@0 sha@0 256@1"),
        ("i18n k8s", "i18n@0 k8s@1"),
        ("phase3", "phase3@0 phase@0 3@1"),
        ("0825633a", "0825633a@0"),
        ("c0ffee12-34ab-4cde-9f01-aabbccddeeff", "c0ffee12@0 34ab@1 4cde@2 4@2 cde@3 9f01@4 aabbccddeeff@5"),
        ("10ms 3.5GB", "10ms@0 3@1 5gb@2"),
        ("--no-verify", "no@0 verify@1"),
        ("C++ C# F#", "c@0 c++@0 c@1 c#@1 f@2 f#@2"),
        ("foo::bar<T>", "foo@0 bar@1 t@2"),
        ("a.b.c", "a@0 b@1 c@2"),
        ("don't", "don@0 t@1"),
        ("$HOME/.config ${VAR}", "home@0 config@1 var@2"),
        ("err != nil", "err@0 nil@1"),
        ("Ｆｕｌｌ １２", "full@0 12@1"),
        ("Café naïve", "cafe@0 naive@1"),
        ("Cafe\u{301} nai\u{308}ve", "cafe@0 naive@1"),
        ("로그인할 때 토큰이", "로그@0 그인@1 인할@2 때@3 토큰@4 큰이@5"),
        ("refreshToken을 호출", "refreshtoken@0 refresh@0 token@1 을@2 호출@3"),
        ("登录页面", "登录@0 录页@1 页面@2"),
        ("テスト ﾃｽﾄ", "テス@0 スト@1 テス@2 スト@3"),
        ("ユーザーID", "ユー@0 ーザ@1 ザー@2 id@3"),
        ("🚀 deploy 👩‍💻", "🚀@0 deploy@1 👩‍💻@2"),
        ("\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}.txt", "한글@0 txt@1"),
    ];
    for (text, expected) in table {
        assert_eq!(tokens(text), expected, "{text}");
    }
}

#[test]
fn base64_keeps_the_beginning_of_each_run() {
    let (long, short) = ("iVBORw0KGgoAbAaNSUhEUgAaBAEAxAABCAYdAAcfFcSJAbAADUlEQVR42mNk", "M9QDwADhgGAWjR9");
    assert_eq!((long.len(), short.len()), (60, 15));
    let text = format!("{long}+{short}");
    let tokens = tokens(&text);
    assert!(tokens.starts_with(&format!("{}@0 {}@1", long.to_lowercase(), short.to_lowercase())), "{tokens}");
}

#[test]
fn longer_runs_keep_their_first_64_characters() {
    let text = format!("{} b", "aB".repeat(50));
    assert_eq!(tokens(&text), format!("{}@0 b@1", "ab".repeat(32)));
    let text = format!("{} b", "é".repeat(100));
    assert_eq!(tokens(&text), format!("{}@0 b@1", "e".repeat(64)));
}

#[test]
fn further_cases() {
    let table = [
        ("", ""),
        ("___ a __", "a@0"),
        ("Straße STRASSE", "straße@0 strasse@1"),
        ("x²+½", "x2@0 1@1 2@2"),
        ("ﬁle №5", "file@0 no5@1"),
        ("Привет, мир", "привет@0 мир@1"),
        ("İstanbul", "istanbul@0"),
        ("éCole_Été", "ecole_ete@0 e@0 cole@1 ete@2"),
        ("ガギ ｶﾞｷﾞ", "ガギ@0 ガギ@1"),
        ("か\u{3099}く", "がく@0"),
        ("\u{AC00}\u{11A8}", "각@0"),
        ("㈜한글", "주@0 한글@1"),
        ("❯ cargo → ok│x…y", "cargo@0 ok@1 x@2 y@3"),
        ("✅done❌", "✅@0 done@1 ❌@2"),
        ("🇰🇷🇯🇵 👍🏽 ❤️", "🇰🇷@0 🇯🇵@1 👍🏽@2 ❤@3"),
        ("1️⃣", "1@0"),
        ("👩\u{200d}x", "👩@0 x@1"),
        ("j++ i+ a+++b", "j@0 j++@0 i@1 a@2 a++@2 b@3"),
        ("myV2Client getV2", "myv2client@0 my@0 v2@1 client@2 getv2@3 get@3 v2@4"),
        ("a\u{301}", "a@0"),
        ("\u{301}\u{302}", ""),
        ("abc\u{301}def ghi", "abcdef@0 ghi@1"),
        ("ABCDef", "abcdef@0 abc@0 def@1"),
        ("123_456", "123_456@0 123@0 456@1"),
        ("a_b", "a_b@0"),
    ];
    for (text, expected) in table {
        assert_eq!(tokens(text), expected, "{text}");
    }
}

#[test]
fn offsets_are_those_of_the_original() {
    let text = "Ｆｕｌｌ \u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} cafe\u{301}Bar C++ 👩‍💻! getUser ﾃﾞｽ";
    let mut spans = Vec::new();
    tokenize(text, &mut TokenBuffer::default(), |token| {
        spans.push(format!("{}={}", token.text, &text[token.start as usize..token.end as usize]));
    });
    assert_eq!(
        spans,
        [
            "full=Ｆｕｌｌ",
            "한글=\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
            "cafebar=cafe\u{301}Bar",
            "cafe=cafe\u{301}",
            "bar=Bar",
            "c=C",
            "c++=C++",
            "👩‍💻=👩‍💻",
            "getuser=getUser",
            "get=get",
            "user=User",
            "デス=ﾃﾞｽ",
        ]
    );
}

#[test]
fn stops_when_told_and_at_the_bound() {
    let mut count = 0;
    let flow = tokenize_while("a b c d", &mut TokenBuffer::default(), |_| {
        count += 1;
        if count == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(flow.is_break());
    assert_eq!(count, 2);

    let mut last = 0;
    tokenize(&"a ".repeat(MAX_POSITIONS as usize + 10), &mut TokenBuffer::default(), |token| last = token.position);
    assert_eq!(last, MAX_POSITIONS - 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn tokens_are_in_order_and_within_the_text(text in "(\\PC|[a-zA-Z0-9_ é한글カ\u{3099}\u{301}\u{1100}\u{1161}👩\u{200d}]){0,80}") {
        let mut last = (0, 0);
        let mut buffer = TokenBuffer::default();
        tokenize(&text, &mut buffer, |token| {
            assert!(!token.text.is_empty());
            assert!(token.text.chars().count() <= MAX_TOKEN_CHARS);
            assert!(token.start < token.end && token.end as usize <= text.len());
            assert!(text.is_char_boundary(token.start as usize) && text.is_char_boundary(token.end as usize));
            assert!(token.position >= last.0 && token.start >= last.1, "{token:?} after {last:?}");
            last = (token.position, if token.kind == TokenKind::Whole { last.1 } else { token.start });
        });
    }

    /// A token is its own token: what the index holds can be asked for.
    #[test]
    fn words_are_stable(text in "[a-zA-Z0-9_éßÄ가나漢字ｶﾞ]{1,30}") {
        let mut words = Vec::new();
        tokenize(&text, &mut TokenBuffer::default(), |token| {
            if token.kind != TokenKind::Symbol {
                words.push(token.text.to_owned());
            }
        });
        for word in words {
            let mut again = Vec::new();
            tokenize(&word, &mut TokenBuffer::default(), |token| again.push(token.text.to_owned()));
            assert_eq!(again.first(), Some(&word));
        }
    }

    /// The fast and the thorough way agree: an accent on a letter beyond changes nothing before it.
    #[test]
    fn ascii_is_cut_as_the_rest_is(word in "[a-zA-Z0-9_]{1,70}") {
        let plain = tokens(&word);
        let mut buffer = TokenBuffer::default();
        let mut line = String::new();
        let mut position = 0;
        let flow = fold::tokenize_run(&word, 0, &mut position, &mut buffer, &mut |token: Token<'_>| {
            let separator = if line.is_empty() { "" } else { " " };
            write!(line, "{separator}{}@{}", token.text, token.position).unwrap();
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue());
        assert_eq!(line, plain);
    }
}
