//! The text of the lesson, and the runs that its figures show.

/// The page that reads complete without scripts.
pub const PAGE: &str = include_str!("../../lesson.html");

/// The article, for the document of all pages: links to other pages keep to that document.
pub fn article() -> String {
    let within = PAGE.split_once("<!-- article -->").map(|(_, rest)| rest);
    let within = within.and_then(|rest| rest.split_once("<!-- /article -->"));
    let (article, _) = within.unwrap_or_default();
    article.replace("href=\"./#/", "href=\"#/")
}

/// The address of a frame that shows nothing but the stage of the run that a link names.
pub fn framed(link: &str) -> String {
    let hash = link.find('#').map_or("", |at| &link[at..]);
    format!("./?embed{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_is_whole_and_its_links_stay_in_the_document() {
        let article = article();
        let article = article.trim();
        assert!(article.starts_with("<article") && article.ends_with("</article>"));
        assert!(!article.contains("./#"));
        assert!(article.matches("href=\"#/").count() > 10);
    }

    #[test]
    fn a_frame_shows_the_run_of_its_link() {
        for link in ["./#/ring?s=insert-7", "#/ring?s=insert-7"] {
            assert_eq!(framed(link), "./?embed#/ring?s=insert-7");
        }
    }
}
