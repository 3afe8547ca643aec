//! SVG: a picture laid out and drawn, without any program beside this one.

use std::fmt::Write;

use super::{
    layers::{Layers, Sketch},
    order::order,
    picture::{Look, Picture, Shape},
    place::{NODE_HEIGHT, Placed, Rect, place},
    route::{Curve, routes},
    text::{FONT, width, xml},
};

/// Around everything, and between the drawing and its legend.
const MARGIN: f64 = 12.0;
/// Of letters in plates' corners.
const LABEL_FONT: f64 = 13.0;

pub(super) fn write(picture: &Picture, distributions: bool) -> String {
    let layers = Layers::of(&sketch(picture));
    let placed = place(&layers, &order(&layers));
    let notes = if distributions { legend(picture) } else { Vec::new() };
    let widest = notes.iter().map(|n| width(n)).fold(0.0, f64::max);
    let aside = if notes.is_empty() { 0.0 } else { 2.0 * MARGIN + widest };
    let (w, h) =
        (placed.width + aside + 2.0 * MARGIN, placed.height.max(notes.len() as f64 * LINE) + 2.0 * MARGIN);
    let mut out = String::new();
    header(&mut out, w, h);
    let curves = routes(&layers, &placed);
    placed.boxes.iter().for_each(|rect| frame(&mut out, *rect));
    curves.iter().for_each(|curve| edge(&mut out, curve));
    for (plate, rect) in picture.plates.iter().zip(&placed.boxes) {
        label(&mut out, &plate.label, *rect, &curves);
    }
    for (i, shape) in picture.shapes.iter().enumerate() {
        node(&mut out, shape, &layers, &placed, i);
    }
    for (i, note) in notes.iter().enumerate() {
        let (x, y) = (placed.width + 2.0 * MARGIN, (i as f64 + 0.8) * LINE);
        push(
            &mut out,
            &format!("<text x=\"{}\" y=\"{}\" text-anchor=\"start\">{}</text>", n(x), n(y), xml(note)),
        );
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Between the lines of a legend.
const LINE: f64 = 1.4 * FONT;

fn sketch(picture: &Picture) -> Sketch {
    let node = |shape: &Shape| {
        let room = if shape.look == Look::Param { 8.0 } else { 32.0 };
        ((width(&shape.name) + room).max(if shape.look == Look::Param { 0.0 } else { 54.0 }), shape.plate)
    };
    Sketch {
        nodes: picture.shapes.iter().map(node).collect(),
        boxes: picture.plates.iter().map(|p| (p.inside, width(&p.label))).collect(),
        edges: picture.edges.clone(),
    }
}

fn legend(picture: &Picture) -> Vec<String> {
    picture.shapes.iter().filter_map(|s| Some(format!("{} {}", s.name, s.note.as_ref()?))).collect()
}

fn header(out: &mut String, w: f64, h: f64) {
    let (w, h, margin) = (n(w), n(h), n(MARGIN));
    push(
        out,
        &format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
             font-family=\"Helvetica, Arial, sans-serif\" font-size=\"{FONT}\">"
        ),
    );
    push(
        out,
        "<defs><marker id=\"head\" viewBox=\"0 0 10 8\" refX=\"10\" refY=\"4\" markerWidth=\"10\" markerHeight=\"8\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0 L10 4 L0 8 z\" fill=\"#222\"/></marker></defs>",
    );
    push(out, &format!("<rect width=\"{w}\" height=\"{h}\" fill=\"white\"/>"));
    push(
        out,
        &format!("<g transform=\"translate({margin} {margin})\" text-anchor=\"middle\" fill=\"#111\">"),
    );
}

fn frame(out: &mut String, Rect { left, top, right, bottom }: Rect) {
    let [x, y, w, h] = [left, top, right - left, bottom - top].map(n);
    push(
        out,
        &format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"5\" fill=\"none\" stroke=\"#555\"/>"
        ),
    );
}

/// A plate's label: at the right, or at the left if an edge runs over it at the right alone; it covers what it lies on.
fn label(out: &mut String, text: &str, Rect { left, right, bottom, .. }: Rect, curves: &[Curve]) {
    let (long, baseline) = (width(text), bottom - 8.0);
    let busy = |from: f64| {
        let on = |(x, y): (f64, f64)| {
            (from - 4.0..from + long + 4.0).contains(&x) && (baseline - FONT..bottom).contains(&y)
        };
        curves.iter().any(|curve| curve.spots().any(on))
    };
    let (at_right, at_left) = (right - 8.0 - long, left + 8.0);
    let (over, x, anchor) = match (busy(at_right), busy(at_left)) {
        (true, false) => (false, at_left, "start"),
        (over, _) => (over, right - 8.0, "end"),
    };
    if over {
        let [x, y, w, h] = [at_right, baseline - LABEL_FONT, long, LABEL_FONT + 4.0].map(n);
        push(out, &format!("<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"white\"/>"));
    }
    let ([x, y], text) = ([x, baseline].map(n), xml(text));
    push(
        out,
        &format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{LABEL_FONT}\">{text}</text>"
        ),
    );
}

fn edge(out: &mut String, curve: &Curve) {
    let mut path = format!("M{} {}", n(curve.start.0), n(curve.start.1));
    for piece in &curve.pieces {
        let [a, b, c] = piece.map(|(x, y)| format!("{} {}", n(x), n(y)));
        // Writing to a String cannot fail.
        let _ = write!(path, " C{a} {b} {c}");
    }
    push(out, &format!("<path d=\"{path}\" fill=\"none\" stroke=\"#222\" marker-end=\"url(#head)\"/>"));
}

fn node(out: &mut String, shape: &Shape, layers: &Layers, placed: &Placed, i: usize) {
    let ((x, y), name) = (placed.points[i], xml(&shape.name));
    let title = shape.note.as_ref().map(|note| xml(&format!("{} {note}", shape.name))).unwrap_or_default();
    let style = match shape.look {
        Look::Latent => Some("fill=\"white\""),
        Look::Observed => Some("fill=\"#c8c8c8\""),
        Look::Deterministic => Some("fill=\"white\" stroke-dasharray=\"5 3\""),
        Look::Param => None,
    };
    let ellipse = style.map(|style| {
        let (rx, ry) = (n(layers.points[i].width / 2.0), n(NODE_HEIGHT / 2.0));
        format!("<ellipse cx=\"{}\" cy=\"{}\" rx=\"{rx}\" ry=\"{ry}\" stroke=\"#222\" {style}/>", n(x), n(y))
    });
    let (ellipse, baseline) = (ellipse.unwrap_or_default(), n(y + 0.35 * FONT));
    push(
        out,
        &format!("<g><title>{title}</title>{ellipse}<text x=\"{}\" y=\"{baseline}\">{name}</text></g>", n(x)),
    );
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

/// A coordinate to a tenth.
fn n(x: f64) -> String {
    let rounded = (x * 10.0).round() / 10.0;
    // No "-0".
    format!("{}", rounded + 0.0)
}
