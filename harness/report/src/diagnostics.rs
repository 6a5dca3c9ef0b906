//! Mistakes in what the user wrote, drawn where they are, as rustc does.

use crate::paint::Color;
use crate::text::plain;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use model::{Diagnostic, Severity};
use std::ops::Range;

/// Draws diagnostics one after the other, an empty line between them and a line end behind the last.
pub fn draw(diagnostics: &[Diagnostic], color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let drawn = diagnostics.iter().map(|diagnostic| {
        let groups = groups(diagnostic);
        // Under a place, the advice hangs from its bar. Without one there is no bar to hang it from.
        let mut text = match diagnostic.place {
            Some(_) => renderer.render(&groups),
            None => groups
                .iter()
                .map(|group| renderer.render(std::slice::from_ref(group)))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        text.push('\n');
        text
    });
    drawn.collect::<Vec<_>>().join("\n")
}

fn groups(diagnostic: &Diagnostic) -> Vec<Group<'static>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut main = Group::with_title(level.primary_title(plain(&diagnostic.message)));
    if let Some((source, span)) = &diagnostic.place {
        let (text, span) = shown(&source.text, span);
        let mut mark = AnnotationKind::Primary.span(span);
        if !diagnostic.label.is_empty() {
            mark = mark.label(plain(&diagnostic.label));
        }
        main = main.element(Snippet::source(text).path(plain(&source.name)).annotation(mark));
    }
    let help = diagnostic.help.iter();
    let help = help.map(|help| Group::with_title(Level::HELP.secondary_title(plain(help))));
    std::iter::once(main).chain(help).collect()
}

/// The text made harmless line by line, and the span moved with it. A span beyond the text, or within a character, is
/// moved to where something can be shown.
fn shown(text: &str, span: &Range<usize>) -> (String, Range<usize>) {
    let start = floor(text, span.start);
    let end = floor(text, span.end.max(span.start)).max(start);
    let safe = |part: &str| part.replace("\r\n", "\n").split('\n').map(plain).collect::<Vec<_>>().join("\n");
    let (before, marked, after) = (safe(&text[..start]), safe(&text[start..end]), safe(&text[end..]));
    let span = before.len()..before.len() + marked.len();
    (before + &marked + &after, span)
}

/// The nearest character boundary at or before this byte.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
