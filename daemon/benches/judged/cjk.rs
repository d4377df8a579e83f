//! Sessions in Korean, Japanese and Chinese, of which the corpus has hardly any: made up, and asked for with other particles.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::Drawn;
use crate::transcripts::Transcript;

/// What a person said, what the agent said, and what is asked later.
const SESSIONS: [(&str, &str, &str); 16] = [
    (
        "로그인할 때 토큰이 만료되면 자동으로 갱신해줘",
        "refreshToken을 호출하는 인터셉터를 추가하겠습니다.",
        "토큰 만료 갱신",
    ),
    (
        "로그인 화면에서 비밀번호를 잘못 입력하면 앱이 멈춰요",
        "오류 처리가 빠져 있어서 예외를 잡도록 수정했습니다.",
        "비밀번호가 틀리면 멈춤",
    ),
    (
        "환불을 계산할 때 소수점이 버려지는 문제를 고쳐줘",
        "금액을 정수로 계산하고 마지막에 반올림합니다.",
        "환불 소수점",
    ),
    (
        "결제 금액이 영수증과 다르게 나오는데 확인해줄래?",
        "세금 계산 순서가 달라서 금액이 달랐습니다.",
        "영수증의 결제 금액",
    ),
    (
        "데이터베이스 마이그레이션을 되돌릴 수 있게 해줘",
        "각 마이그레이션에 down 스크립트를 추가했습니다.",
        "마이그레이션 되돌리기",
    ),
    (
        "검색 결과가 한국어에서만 느린 이유를 찾아줘",
        "형태소 분석기가 매번 다시 만들어지고 있었습니다.",
        "한국어 검색이 느림",
    ),
    ("배포 스크립트가 권한 때문에 실패합니다", "실행 권한을 부여하고 사용자를 바꿨습니다.", "배포 권한 실패"),
    ("알림을 두 번 보내지 않도록 중복을 제거해줘", "메시지 식별자로 중복을 걸러냅니다.", "중복 알림"),
    (
        "ログイン画面のテストが時々失敗します。原因を調べて",
        "タイマーに依存していたので、時計を差し替えました。",
        "ログイン テスト 失敗",
    ),
    ("設定ファイルの読み込みで文字化けする", "文字コードの判定を追加しました。", "文字化けの設定ファイル"),
    (
        "画像のアップロードに進捗バーを付けてください",
        "送信済みのバイト数を通知するようにしました。",
        "アップロードの進捗",
    ),
    ("キャッシュの有効期限が切れても古い値が返る", "期限の比較が逆でした。", "キャッシュ 期限切れ"),
    ("登录页面在手机上显示不正确，请修复", "已经调整了布局，小屏幕上使用单列。", "手机登录页面布局"),
    ("导出的报表缺少最后一行数据", "循环的边界条件写错了，已修正。", "报表最后一行"),
    ("定时任务执行了两次，帮我看看为什么", "因为启动了两个调度器，现在用锁来保证只有一个。", "定时任务重复执行"),
    ("把日志级别改成可以在运行时调整", "增加了一个接口来修改日志级别。", "运行时修改日志级别"),
];

/// When the first of them was, in seconds since 1970; they are two days apart.
const FIRST: i64 = 1_768_600_000;
const APART: i64 = 2 * 24 * 3600;

fn id(number: usize) -> String {
    format!("{number:08}-c0de-4000-8000-000000000000")
}

/// Writes them as transcripts below a home directory; gives the files.
pub(crate) fn write(home: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = home.join(".claude/projects/-Users-mina-work-app");
    std::fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for (number, (person, agent, _)) in SESSIONS.iter().enumerate() {
        let at =
            |minute: i64| Timestamp::from_second(FIRST + number as i64 * APART + 60 * minute).map(|at| at.to_string());
        let mut lines = String::new();
        for (turn, kind, text) in [(0, "user", person), (1, "assistant", agent)] {
            let content = if turn == 0 { json!(text) } else { json!([{ "type": "text", "text": text }]) };
            let record = json!({
                "type": kind, "uuid": format!("{turn:08}-{}", &id(number)[9..]), "sessionId": id(number),
                "cwd": "/Users/mina/work/app", "timestamp": at(turn).map_err(io::Error::other)?,
                "message": { "role": kind, "content": content },
            });
            lines.push_str(&format!("{record}\n"));
        }
        let file = folder.join(format!("{}.jsonl", id(number)));
        std::fs::write(&file, lines)?;
        files.push(file);
    }
    Ok(files)
}

/// The query for each of them.
pub(super) fn queries(transcripts: &[Transcript]) -> Vec<Drawn> {
    let session = |number: usize| transcripts.iter().position(|transcript| transcript.id == id(number));
    let queries = SESSIONS.iter().enumerate();
    queries.filter_map(|(number, (_, _, query))| Some(Drawn::new(*query, [(session(number)?, 2)]))).collect()
}
