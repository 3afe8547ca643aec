//! Text in drawings: how wide it is, and how each format escapes it.

/// The size of letters.
pub(super) const FONT: f64 = 14.0;

/// The width of a text in a sans-serif face, on the safe side: letters by classes of width, after Helvetica's.
pub(super) fn width(text: &str) -> f64 {
    let letter = |c: char| match c {
        'i' | 'j' | 'l' | '\'' | '|' => 0.25,
        ' ' | '!' | ',' | '.' | '/' | ':' | ';' | 'I' | '[' | ']' | 'f' | 't' | '\\' => 0.3,
        '(' | ')' | '-' | '`' | 'r' | '{' | '}' => 0.36,
        'm' | 'M' => 0.87,
        'w' | 'O' | 'G' | 'Q' | 'C' | 'D' | 'H' | 'N' | 'R' | 'U' => 0.76,
        'W' | '@' | '%' => 0.98,
        'A' | 'B' | 'E' | 'K' | 'P' | 'S' | 'V' | 'X' | 'Y' | '&' => 0.68,
        c if c as u32 >= 0x2E80 => 1.05,
        c if c.is_ascii() => 0.57,
        _ => 0.66,
    };
    // Faces that stand in for Helvetica are up to a tenth wider.
    FONT * 1.1 * text.chars().map(letter).sum::<f64>()
}

/// For XML, in text and in attributes. What XML cannot hold at all becomes U+FFFD.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push(' '),
            c if c < ' ' || c == '\u{FFFE}' || c == '\u{FFFF}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A quoted string of DOT's.
pub(super) fn dot(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
