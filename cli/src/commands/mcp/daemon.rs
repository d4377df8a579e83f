//! The daemon as tools see it: calls that another thread makes, one after the other.

use std::sync::mpsc;

use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};
use tokio::sync::oneshot;

use crate::connection::{CallError, Connection, read};
use crate::failure::Failure;

/// A handle to the daemon.
#[derive(Debug, Clone)]
pub(super) struct Daemon {
    calls: mpsc::Sender<Call>,
}

#[derive(Debug)]
struct Call {
    method: String,
    params: Value,
    reply: oneshot::Sender<Result<Box<RawValue>, CallError>>,
}

/// The calls that wait.
pub(super) struct Calls {
    waiting: mpsc::Receiver<Call>,
}

pub(super) fn channel() -> (Daemon, Calls) {
    let (calls, waiting) = mpsc::channel();
    (Daemon { calls }, Calls { waiting })
}

impl Daemon {
    /// Calls a method and reads its answer.
    pub(super) async fn ask<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, CallError> {
        let lost = || CallError::Lost("the server is ending".to_owned());
        let (reply, answer) = oneshot::channel();
        self.calls.send(Call { method: method.to_owned(), params, reply }).map_err(|_| lost())?;
        read(&answer.await.map_err(|_| lost())??)
    }
}

impl Calls {
    /// Answers until nobody can ask any more. A daemon that was restarted meanwhile is connected to anew.
    pub(super) fn answer(
        self,
        connection: Box<dyn Connection>,
        mut connect: impl FnMut() -> Result<Box<dyn Connection>, Failure>,
    ) {
        let mut connection = Some(connection);
        for Call { method, params, reply } in self.waiting {
            let mut answer = Err(CallError::Lost(String::new()));
            for _attempt in 0..2 {
                if connection.is_none() {
                    match connect() {
                        Ok(made) => connection = Some(made),
                        Err(failure) => {
                            answer = Err(CallError::Lost(told(failure)));
                            break;
                        }
                    }
                }
                let Some(open) = &mut connection else { break };
                answer = open.call(&method, &params);
                if !matches!(answer, Err(CallError::Lost(_))) {
                    break;
                }
                connection = None;
            }
            // Who asked may have given up.
            reply.send(answer).ok();
        }
    }
}

fn told(failure: Failure) -> String {
    match failure {
        Failure::Said(said) => {
            let (fact, hint) = said.into_parts();
            hint.map_or(fact.clone(), |hint| format!("{fact}; {hint}"))
        }
        Failure::BrokenPipe => "the output is closed".to_owned(),
    }
}
