//! The elements that may have a role. Chromium then says which of them do.

/// A CSS selector for every element that could have the role.
pub(super) fn candidates(role: &str) -> String {
    let native = match role {
        "button" => {
            "button, summary, input[type=button], input[type=submit], input[type=reset], input[type=file]"
        }
        "checkbox" => "input[type=checkbox]",
        "combobox" => "select, input[list]",
        "dialog" => "dialog",
        "heading" => "h1, h2, h3, h4, h5, h6",
        "image" | "img" => "img, svg, canvas",
        "link" => "a[href], area[href]",
        "list" => "ul, ol, menu",
        "listbox" => "select",
        "navigation" => "nav",
        "progressbar" => "progress",
        "radio" => "input[type=radio]",
        "region" => "section",
        "slider" => "input[type=range]",
        "spinbutton" => "input[type=number]",
        "status" => "output",
        "table" => "table",
        "textbox" => {
            "input:not([type]), input[type=text], input[type=url], input[type=search], input[type=email], textarea, \
             [contenteditable]"
        }
        _ => "",
    };
    let separator = if native.is_empty() { "" } else { ", " };
    format!("{native}{separator}[role~=\"{role}\"]")
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn a_role_is_looked_for_in_native_elements_and_in_marked_ones() {
        assert_eq!(candidates("table"), "table, [role~=\"table\"]");
        assert_eq!(candidates("log"), "[role~=\"log\"]");
    }
}
