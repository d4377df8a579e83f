//! Tests over the crate's public face.

#[cfg(test)]
mod claude_code_counts;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod counts;
#[cfg(test)]
mod gives;
