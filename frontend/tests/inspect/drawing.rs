//! Drawings as DOT and SVG.

use pyroxene_frontend::{Program, prelude::*};

use crate::{models::normal, traced};

#[test]
fn drawings_are_the_same_each_time_and_say_what_was_asked() -> anyhow::Result<()> {
    let program = traced("params")?;
    let dot = program.render().params(true).distributions(true).to_dot();
    let expected = r#"digraph {
	"s" [label="s" fillcolor=white shape=plain style=filled]
	"w" [label="w" fillcolor=white shape=plain style=filled]
	"a" [label="a" fillcolor=white shape=ellipse style=filled]
	"b" [label="b" fillcolor=white shape=ellipse style="filled,dashed"]
	subgraph "cluster_N" {
		label="N (4)" labeljust=r labelloc=b
		"c" [label="c" fillcolor=white shape=ellipse style="filled,dashed"]
		"d" [label="d" fillcolor=grey shape=ellipse style=filled]
	}
	"s" -> "a"
	"w" -> "b"
	"a" -> "b"
	"b" -> "c"
	"c" -> "d"
	distribution_description_node [label="s ∈ a positive number\lw ∈ a finite number\la ~ Normal\lb ~ Deterministic\lc ~ Deterministic\ld ~ Normal\l" shape=plaintext]
}
"#;
    assert_eq!(dot, expected);
    assert!(!program.render().to_dot().contains(r#""s""#));
    let svg = program.render().distributions(true).to_svg();
    assert_eq!(svg, traced("params")?.render().distributions(true).to_svg());
    assert_eq!(svg.matches("<ellipse").count(), 4);
    assert_eq!((svg.matches("#c8c8c8").count(), svg.matches("stroke-dasharray").count()), (1, 2));
    for part in [">N (4)</text>", ">d ~ Normal</text>", "marker-end"] {
        assert!(svg.contains(part), "no {part} in {svg}");
    }
    Ok(())
}

#[test]
fn names_are_escaped_and_overlapping_plates_split() -> anyhow::Result<()> {
    let program = Program::trace(
        |_: &()| {
            sample("<a & \"b\">", normal());
        },
        &(),
    )?;
    assert!(program.render().to_svg().contains(">&lt;a &amp; &quot;b&quot;&gt;</text>"));
    assert!(program.render().to_dot().contains(r#""<a & \"b\">" [label="#));
    let crossing = traced("crossing_plates")?.render();
    assert_eq!(crossing.to_svg().matches(">j (2)</text>").count(), 2);
    assert!(crossing.to_dot().contains("subgraph \"cluster_j__CLONE\" {"));
    assert!(traced("subsampled")?.render().to_svg().contains(">data (4 of 10)</text>"));
    let error = crossing.save("drawing.png").map_err(|e| e.to_string());
    assert_eq!(
        error,
        Err("drawing.png: the name decides the format; help: end it in .svg, or in .dot for Graphviz".into())
    );
    assert!(traced("guide_empty")?.render().to_svg().ends_with("</svg>\n"));
    Ok(())
}
