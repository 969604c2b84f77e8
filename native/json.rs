//! JSON, as much of it as a measurement needs.

use std::fmt::Write;

/// A JSON value.
pub enum Json {
    Whole(u64),
    Real(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<f64> for Json {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Json {
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Whole(number) => write!(out, "{number}").expect(ALWAYS),
            // Rust prints a finite number as JSON has it; JSON has no other.
            Self::Real(number) if number.is_finite() => write!(out, "{number:?}").expect(ALWAYS),
            Self::Real(_) => out.push_str("null"),
            Self::Text(text) => quote(text, out),
            Self::List(items) => separated(out, "[", items, |item, out| item.write(out), "]"),
            Self::Object(fields) => {
                let field = |(name, value): &(&str, Json), out: &mut String| {
                    quote(name, out);
                    out.push_str(": ");
                    value.write(out);
                };
                separated(out, "{", fields, field, "}");
            }
        }
    }
}

const ALWAYS: &str = "a string takes whatever is written to it";

fn separated<T>(
    out: &mut String,
    open: &str,
    items: &[T],
    write: impl Fn(&T, &mut String),
    close: &str,
) {
    out.push_str(open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        write(item, out);
    }
    out.push_str(close);
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter.is_control() => {
                write!(out, "\\u{:04x}", u32::from(letter)).expect(ALWAYS);
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_written_as_json_has_it() {
        let value = Json::Object(vec![
            ("whole", 7.into()),
            (
                "real",
                Json::List(vec![1.5e-9.into(), 2.0.into(), f64::NAN.into()]),
            ),
            ("text", "a \"b\"\\\n".to_owned().into()),
            ("none", Json::List(Vec::new())),
        ]);
        assert_eq!(
            value.text(),
            r#"{"whole": 7, "real": [1.5e-9, 2.0, null], "text": "a \"b\"\\\u000a", "none": []}"#
        );
    }
}
