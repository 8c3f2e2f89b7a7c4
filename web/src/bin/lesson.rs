//! Mounts the lesson.

use chordscope_web::lesson::app::LessonApp;
use chordscope_web::page;

fn main() {
    page::recall_theme();
    if let Some(root) = page::container("lesson") {
        yew::Renderer::<LessonApp>::with_root(root).render();
    }
}
