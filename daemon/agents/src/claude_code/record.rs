//! The parts of a record that we use, as they are written.

use super::skim::{Broken, Skim};

/// A raw value, as it is written: strings with their quotes and escapes.
type Raw<'a> = Option<&'a str>;

/// One record. `null` and absent are the same.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    pub(super) kind: Raw<'a>,
    pub(super) subtype: Raw<'a>,
    pub(super) uuid: Raw<'a>,
    pub(super) parent: Raw<'a>,
    pub(super) session: Raw<'a>,
    pub(super) timestamp: Raw<'a>,
    pub(super) cwd: Raw<'a>,
    pub(super) version: Raw<'a>,
    pub(super) branch: Raw<'a>,
    pub(super) agent: Raw<'a>,
    pub(super) request: Raw<'a>,
    pub(super) sidechain: Raw<'a>,
    pub(super) meta: Raw<'a>,
    pub(super) compact_summary: Raw<'a>,
    pub(super) api_error: Raw<'a>,
    pub(super) error: Raw<'a>,
    pub(super) cost: Raw<'a>,
    pub(super) origin: Raw<'a>,
    pub(super) denial: Raw<'a>,
    pub(super) forked_from: Raw<'a>,
    /// Of `system` and `queue-operation`.
    pub(super) content: Raw<'a>,
    pub(super) compact_metadata: Raw<'a>,
    pub(super) refusal: Raw<'a>,
    pub(super) operation: Raw<'a>,
    pub(super) message: Message<'a>,
    pub(super) outcome: Outcome<'a>,
    /// Of `attachment`, whole.
    pub(super) attachment: Raw<'a>,
    pub(super) data: Data<'a>,
    /// `summary`, `aiTitle` or `customTitle`.
    pub(super) title: Raw<'a>,
    pub(super) leaf: Raw<'a>,
    pub(super) relocated: Raw<'a>,
    pub(super) pull_request: PullRequest<'a>,
}

/// `message`: a message as the provider's interface has it.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) id: Raw<'a>,
    pub(super) model: Raw<'a>,
    pub(super) stop: Raw<'a>,
    pub(super) usage: Raw<'a>,
    /// The content, when it is one string.
    pub(super) text: Raw<'a>,
    /// The content, when it is an array.
    pub(super) blocks: Vec<Block<'a>>,
}

/// A block of a message's content.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    pub(super) kind: Raw<'a>,
    pub(super) text: Raw<'a>,
    pub(super) thinking: Raw<'a>,
    pub(super) id: Raw<'a>,
    pub(super) name: Raw<'a>,
    pub(super) input: Raw<'a>,
    pub(super) call: Raw<'a>,
    pub(super) content: Raw<'a>,
    pub(super) is_error: Raw<'a>,
    pub(super) title: Raw<'a>,
    pub(super) media_type: Raw<'a>,
    pub(super) data: Raw<'a>,
}

/// `toolUseResult`: what a tool gave, in its own form.
#[derive(Debug, Default)]
pub(super) struct Outcome<'a> {
    /// The whole of it, when it is no object: a refused or failed tool has a string.
    pub(super) plain: Raw<'a>,
    pub(super) kind: Raw<'a>,
    pub(super) status: Raw<'a>,
    pub(super) stderr: Raw<'a>,
    pub(super) interrupted: Raw<'a>,
    pub(super) code_meaning: Raw<'a>,
    pub(super) background: Raw<'a>,
    pub(super) is_async: Raw<'a>,
    pub(super) agent: Raw<'a>,
    pub(super) total_duration: Raw<'a>,
    pub(super) duration_ms: Raw<'a>,
    pub(super) duration_seconds: Raw<'a>,
    pub(super) path: Raw<'a>,
    pub(super) patch: Raw<'a>,
    pub(super) content: Raw<'a>,
    pub(super) old: Raw<'a>,
    pub(super) new: Raw<'a>,
    pub(super) edits: Raw<'a>,
    pub(super) edit_mode: Raw<'a>,
    pub(super) task: Raw<'a>,
    pub(super) tasks: Raw<'a>,
    pub(super) success: Raw<'a>,
    pub(super) status_change: Raw<'a>,
}

/// `data` of `progress`.
#[derive(Debug, Default)]
pub(super) struct Data<'a> {
    pub(super) kind: Raw<'a>,
    pub(super) agent: Raw<'a>,
    /// A sub-agent's record.
    pub(super) record: Option<Box<Record<'a>>>,
}

/// `pr-link`.
#[derive(Debug, Default)]
pub(super) struct PullRequest<'a> {
    pub(super) number: Raw<'a>,
    pub(super) url: Raw<'a>,
    pub(super) repository: Raw<'a>,
}

impl<'a> Record<'a> {
    /// Reads the object at `skim`. Fields of an unexpected shape are as absent.
    pub(super) fn read(skim: &mut Skim<'a>) -> Result<Self, Broken> {
        Self::read_nested(skim, true)
    }

    fn read_nested(skim: &mut Skim<'a>, outer: bool) -> Result<Self, Broken> {
        let mut record = Self::default();
        skim.object(|skim, key| {
            // By length first: records have some twenty keys, and there are many records.
            let place = match key.len() {
                3 if key == "cwd" => &mut record.cwd,
                4 => match key {
                    "type" => &mut record.kind,
                    "uuid" => &mut record.uuid,
                    "data" if outer => return record.data.read(skim),
                    _ => return skim.value().map(drop),
                },
                5 => match key {
                    "error" => &mut record.error,
                    "prUrl" => &mut record.pull_request.url,
                    _ => return skim.value().map(drop),
                },
                6 => match key {
                    "isMeta" => &mut record.meta,
                    "origin" => &mut record.origin,
                    _ => return skim.value().map(drop),
                },
                7 => match key {
                    "message" => return record.message.read(skim),
                    "version" => &mut record.version,
                    "subtype" => &mut record.subtype,
                    "content" => &mut record.content,
                    "agentId" => &mut record.agent,
                    "costUSD" => &mut record.cost,
                    "aiTitle" | "summary" => &mut record.title,
                    _ => return skim.value().map(drop),
                },
                8 if key == "prNumber" => &mut record.pull_request.number,
                8 if key == "leafUuid" => &mut record.leaf,
                9 => match key {
                    "sessionId" => &mut record.session,
                    "timestamp" => &mut record.timestamp,
                    "gitBranch" => &mut record.branch,
                    "requestId" => &mut record.request,
                    "operation" => &mut record.operation,
                    _ => return skim.value().map(drop),
                },
                10 => match key {
                    "parentUuid" => &mut record.parent,
                    "attachment" => &mut record.attachment,
                    "forkedFrom" => &mut record.forked_from,
                    _ => return skim.value().map(drop),
                },
                11 => match key {
                    "isSidechain" => &mut record.sidechain,
                    "customTitle" => &mut record.title,
                    _ => return skim.value().map(drop),
                },
                12 => match key {
                    "prRepository" => &mut record.pull_request.repository,
                    "relocatedCwd" => &mut record.relocated,
                    _ => return skim.value().map(drop),
                },
                13 if key == "toolUseResult" => return record.outcome.read(skim),
                14 if key == "toolDenialKind" => &mut record.denial,
                15 if key == "compactMetadata" => &mut record.compact_metadata,
                16 if key == "isCompactSummary" => &mut record.compact_summary,
                17 if key == "isApiErrorMessage" => &mut record.api_error,
                21 if key == "apiRefusalExplanation" => &mut record.refusal,
                _ => return skim.value().map(drop),
            };
            take(skim, place)
        })?;
        Ok(record)
    }
}

impl<'a> Message<'a> {
    fn read(&mut self, skim: &mut Skim<'a>) -> Result<(), Broken> {
        if skim.peek() != Some(b'{') {
            return skim.value().map(drop);
        }
        skim.object(|skim, key| {
            let place = match key {
                "content" => {
                    if skim.peek() == Some(b'[') {
                        return skim.array(|skim| Block::read(skim).map(|block| self.blocks.extend(block)));
                    }
                    &mut self.text
                }
                "id" => &mut self.id,
                "model" => &mut self.model,
                "usage" => &mut self.usage,
                "stop_reason" => &mut self.stop,
                _ => return skim.value().map(drop),
            };
            take(skim, place)
        })
    }
}

impl<'a> Block<'a> {
    /// Reads an element of an array of blocks; `None` when it is no object.
    pub(super) fn read(skim: &mut Skim<'a>) -> Result<Option<Self>, Broken> {
        if skim.peek() != Some(b'{') {
            let text = skim.value()?;
            return Ok(text.starts_with('"').then(|| Self {
                kind: Some("\"text\""),
                text: Some(text),
                ..Self::default()
            }));
        }
        let mut block = Self::default();
        skim.object(|skim, key| {
            let place = match key {
                "type" => &mut block.kind,
                "text" => &mut block.text,
                "thinking" => &mut block.thinking,
                "id" => &mut block.id,
                "name" => &mut block.name,
                "input" => &mut block.input,
                "tool_use_id" => &mut block.call,
                "content" => &mut block.content,
                "is_error" => &mut block.is_error,
                "title" => &mut block.title,
                "source" if skim.peek() == Some(b'{') => {
                    return skim.object(|skim, key| {
                        let place = match key {
                            "media_type" => &mut block.media_type,
                            "data" => &mut block.data,
                            _ => return skim.value().map(drop),
                        };
                        take(skim, place)
                    });
                }
                _ => return skim.value().map(drop),
            };
            take(skim, place)
        })?;
        Ok(Some(block))
    }

    /// The blocks of a value that is an array of them; what comes before damage.
    pub(super) fn all(value: &'a str) -> Vec<Self> {
        let mut blocks = Vec::new();
        _ = Skim::new(value, 0).array(|skim| Block::read(skim).map(|block| blocks.extend(block)));
        blocks
    }
}

impl<'a> Outcome<'a> {
    fn read(&mut self, skim: &mut Skim<'a>) -> Result<(), Broken> {
        if skim.peek() != Some(b'{') {
            return take(skim, &mut self.plain);
        }
        skim.object(|skim, key| {
            let place = match key {
                "type" => &mut self.kind,
                "status" => &mut self.status,
                "stderr" => &mut self.stderr,
                "interrupted" => &mut self.interrupted,
                "returnCodeInterpretation" => &mut self.code_meaning,
                "backgroundTaskId" => &mut self.background,
                "isAsync" => &mut self.is_async,
                "agentId" => &mut self.agent,
                "totalDurationMs" => &mut self.total_duration,
                "durationMs" => &mut self.duration_ms,
                "durationSeconds" => &mut self.duration_seconds,
                "filePath" | "notebook_path" => &mut self.path,
                "structuredPatch" => &mut self.patch,
                "content" => &mut self.content,
                "oldString" | "old_source" => &mut self.old,
                "newString" | "new_source" => &mut self.new,
                "edits" => &mut self.edits,
                "edit_mode" => &mut self.edit_mode,
                "task" => &mut self.task,
                "tasks" => &mut self.tasks,
                "success" => &mut self.success,
                "statusChange" => &mut self.status_change,
                _ => return skim.value().map(drop),
            };
            take(skim, place)
        })
    }
}

impl<'a> Data<'a> {
    fn read(&mut self, skim: &mut Skim<'a>) -> Result<(), Broken> {
        if skim.peek() != Some(b'{') {
            return skim.value().map(drop);
        }
        skim.object(|skim, key| {
            let place = match key {
                "type" => &mut self.kind,
                "agentId" => &mut self.agent,
                "message" if skim.peek() == Some(b'{') => {
                    self.record = Some(Box::new(Record::read_nested(skim, false)?));
                    return Ok(());
                }
                _ => return skim.value().map(drop),
            };
            take(skim, place)
        })
    }
}

fn take<'a>(skim: &mut Skim<'a>, place: &mut Raw<'a>) -> Result<(), Broken> {
    let value = skim.value()?;
    if value != "null" {
        *place = Some(value);
    }
    Ok(())
}
