//! Nodes, by what they are in the lookup that is shown.

use crate::scene::Node;
use crate::scene::curve::Point;
use crate::scene::paint::Brush;

/// Nodes smaller than this have no room for a label.
const LABELLED: f64 = 10.0;

impl Brush<'_> {
    pub(super) fn nodes(&self, nodes: &[Node]) {
        let plain = |node: &&Node| {
            let busy = node.dead || node.joining || node.leaving;
            !(node.origin || node.visited || node.owner || busy)
        };
        self.pen.begin_path();
        for node in nodes.iter().filter(plain) {
            self.outline(node.turn, self.layout.node);
        }
        self.pen.set_fill_style_str(&self.palette.node);
        self.pen.set_stroke_style_str(&self.palette.ink);
        self.pen
            .set_line_width(if self.layout.node < 6.0 { 1.1 } else { 1.6 });
        self.pen.fill();
        self.pen.stroke();
        for node in nodes.iter().filter(|node| !plain(node)) {
            self.special(node);
        }
        let ringed = |node: &&Node| node.inspected || node.chosen || node.hovered;
        for node in nodes.iter().filter(ringed) {
            self.pen.begin_path();
            self.outline(node.turn, self.layout.node + 4.5);
            self.pen.set_line_width(match node {
                Node { chosen: true, .. } => 3.0,
                Node {
                    inspected: true, ..
                } => 2.0,
                _ => 1.2,
            });
            self.pen.set_stroke_style_str(&self.palette.accent);
            self.pen.stroke();
        }
        self.names(nodes);
    }

    /// Whether a node has an id that there is no room for inside.
    pub(super) fn is_bare(&self, node: &Node) -> bool {
        self.layout.node < LABELLED && !node.label.is_empty()
    }

    fn names(&self, nodes: &[Node]) {
        if self.layout.node < LABELLED {
            return;
        }
        self.font(600, if self.layout.node > 13.0 { 13 } else { 11 });
        self.pen.set_text_align("center");
        for node in nodes {
            let Point { x, y } = self.layout.node_at(node.turn);
            let colour = if node.dead {
                &self.palette.bad
            } else {
                &self.palette.ink
            };
            self.pen.set_fill_style_str(colour);
            let _ = self.pen.fill_text(&node.label, x, y + 0.5);
        }
    }

    fn special(&self, node: &Node) {
        let palette = self.palette;
        let small = self.layout.node < 6.0;
        self.pen.begin_path();
        self.outline(node.turn, self.layout.node);
        self.pen.set_fill_style_str(&palette.node);
        self.pen.fill();
        let colour = match node {
            Node { dead: true, .. } => &palette.bad,
            Node { owner: true, .. } => &palette.own,
            Node { origin: true, .. } => &palette.accent,
            Node { visited: true, .. } => &palette.hop,
            _ => &palette.mute,
        };
        self.pen.set_stroke_style_str(colour);
        self.pen
            .set_line_width(if node.dead || small { 1.8 } else { 3.0 });
        if node.owner && !node.dead && !small {
            self.dash(&[4.0, 3.0]);
        } else if node.joining || node.leaving {
            self.dash(&[2.0, 3.0]);
        }
        self.pen.stroke();
        self.dash(&[]);
        if node.dead || node.leaving {
            let Point { x, y } = self.layout.node_at(node.turn);
            let reach = self.layout.node + 3.0;
            self.pen.set_line_width(1.8);
            self.pen.begin_path();
            self.pen.move_to(x - reach, y + reach);
            self.pen.line_to(x + reach, y - reach);
            self.pen.stroke();
        }
    }
}
