//! The items of a crate that another crate can name, from its sources.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Fields, FnArg, ImplItem, Item, ItemImpl, ItemUse, Meta, Pat, Signature, TraitItem,
    Type, UseTree, Visibility,
};

use super::sources::Sources;
use super::text::line;

/// A path as its segments.
type Path = Vec<String>;

/// The limit on imports that a name leads through.
const MAX_IMPORTS: u32 = 16;

/// The items of the crate with this source, a line each: path, two spaces, and the item as it is written.
pub(super) fn list(sources: &Sources) -> Result<BTreeSet<String>> {
    let mut modules = Modules::default();
    modules.load(sources, "lib.rs", "", &Path::new())?;
    let mut listing = Listing {
        modules: &modules,
        lines: BTreeSet::new(),
        named: BTreeMap::new(),
    };
    listing.module(&Path::new(), &Path::new());
    listing.implementations();
    Ok(listing.lines)
}

/// The modules of a crate with their items.
#[derive(Default)]
struct Modules {
    items: BTreeMap<Path, Vec<Item>>,
}

/// The item that a path leads to.
enum Found<'a> {
    Module(Path),
    Item(Path, &'a Item),
}

/// A name that an import brings: its path, and the name in the importing module; without one, all names of the path.
struct Import {
    path: Path,
    name: Option<String>,
}

impl Modules {
    /// Reads a file and the modules below it, whose files are in `folder`.
    fn load(&mut self, sources: &Sources, file: &str, folder: &str, path: &Path) -> Result<()> {
        let source = sources
            .get(file)
            .with_context(|| format!("there is no file {file}"))?;
        let parsed = syn::parse_file(source).with_context(|| format!("cannot read {file}"))?;
        self.add(sources, parsed.items, folder, path)
    }

    fn add(
        &mut self,
        sources: &Sources,
        items: Vec<Item>,
        folder: &str,
        path: &Path,
    ) -> Result<()> {
        let items: Vec<Item> = items
            .into_iter()
            .filter(|item| !is_hidden(attributes(item)))
            .collect();
        for item in &items {
            let Item::Mod(module) = item else { continue };
            let name = module.ident.to_string();
            let below = joined(path, &name);
            let inner = format!("{folder}{name}/");
            if let Some((_, items)) = &module.content {
                self.add(sources, items.clone(), &inner, &below)?;
                continue;
            }
            let beside = format!("{folder}{name}.rs");
            let file = match sources.contains_key(&beside) {
                true => beside,
                false => format!("{inner}mod.rs"),
            };
            self.load(sources, &file, &inner, &below)?;
        }
        self.items.insert(path.clone(), items);
        Ok(())
    }

    /// The item that a path in the module `from` leads to; `None` outside the crate.
    fn resolve(&self, from: &Path, path: &[String], imports: u32) -> Option<Found<'_>> {
        let mut module = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                module.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {}
            first => {
                let found = self.name(&module, first, imports)?;
                return self.below(found, &path[1..], imports);
            }
        }
        while rest.first().is_some_and(|word| word == "super") {
            module.pop()?;
            rest = &rest[1..];
        }
        self.below(Found::Module(module), rest, imports)
    }

    fn below<'a>(&'a self, found: Found<'a>, rest: &[String], imports: u32) -> Option<Found<'a>> {
        match (found, rest) {
            (found, []) => Some(found),
            (Found::Module(module), [next, rest @ ..]) => {
                let found = self.name(&module, next, imports)?;
                self.below(found, rest, imports)
            }
            (Found::Item(..), _) => None,
        }
    }

    /// The meaning of a name in a module.
    fn name(&self, module: &Path, name: &str, imports: u32) -> Option<Found<'_>> {
        let below = joined(module, name);
        if self.items.contains_key(&below) {
            return Some(Found::Module(below));
        }
        let items = self.items.get(module)?;
        let is_named = |item: &&Item| ident(item).is_some_and(|ident| ident == name);
        if let Some(item) = items.iter().find(is_named) {
            return Some(Found::Item(module.clone(), item));
        }
        let imports = imports.checked_sub(1)?;
        let uses = items.iter().filter_map(|item| match item {
            Item::Use(item) => Some(item),
            _ => None,
        });
        uses.flat_map(leaves).find_map(|import| match import.name {
            Some(own) if own == name => self.resolve(module, &import.path, imports),
            Some(_) => None,
            None => {
                let path = joined(&import.path, name);
                self.resolve(module, &path, imports)
            }
        })
    }
}

/// The lines of the items found so far.
struct Listing<'a> {
    modules: &'a Modules,
    lines: BTreeSet<String>,
    /// The public paths of each type and trait, by module and name.
    named: BTreeMap<(Path, String), BTreeSet<Path>>,
}

impl Listing<'_> {
    fn add(&mut self, path: &Path, text: &str) {
        self.lines.insert(format!("{}  {text}", path.join("::")));
    }

    /// Lists what is public in a module that can be named as `public`.
    fn module(&mut self, module: &Path, public: &Path) {
        let modules = self.modules;
        for item in modules.items.get(module).into_iter().flatten() {
            match item {
                Item::Use(import) if is_public(&import.vis) => self.import(module, public, import),
                item => {
                    if let Some(name) = ident(item)
                        && visibility(item).is_some_and(is_public)
                    {
                        self.item(module, item, &joined(public, &name));
                    }
                }
            }
        }
    }

    /// Lists what a public import brings into a module.
    fn import(&mut self, module: &Path, public: &Path, import: &ItemUse) {
        let modules = self.modules;
        for leaf in leaves(import) {
            let target = modules.resolve(module, &leaf.path, MAX_IMPORTS);
            match (target, leaf.name) {
                // A module of the same path would bring itself for ever.
                (Some(Found::Module(target)), None) if !module.starts_with(&target) => {
                    self.module(&target, public);
                }
                (Some(Found::Module(target)), Some(name)) if !module.starts_with(&target) => {
                    let path = joined(public, &name);
                    self.add(&path, &format!("pub use {}", leaf.path.join("::")));
                    self.module(&target, &path);
                }
                (Some(Found::Item(owner, item)), Some(name)) => {
                    self.item(&owner, item, &joined(public, &name));
                }
                (_, name) => {
                    let name = name.unwrap_or_else(|| "*".to_owned());
                    let path = joined(public, &name);
                    self.add(&path, &format!("pub use {}", leaf.path.join("::")));
                }
            }
        }
    }

    /// Lists an item of a module that can be named as `path`.
    fn item(&mut self, module: &Path, item: &Item, path: &Path) {
        let Some(name) = ident(item) else { return };
        let names = self
            .named
            .entry((module.clone(), name.clone()))
            .or_default();
        names.insert(path.clone());
        let marks = marks(attributes(item));
        let text = match item {
            Item::Mod(_) => {
                self.module(&joined(module, &name), path);
                format!("pub mod {name}")
            }
            Item::Fn(item) => {
                let signature = told(&item.sig);
                line(&quote!(pub #signature))
            }
            Item::Const(item) => {
                let (ident, kind) = (&item.ident, &item.ty);
                line(&quote!(pub const #ident: #kind))
            }
            Item::Static(item) => {
                let (ident, kind) = (&item.ident, &item.ty);
                line(&quote!(pub static #ident: #kind))
            }
            Item::Type(item) => {
                let (ident, generics, kind) = (&item.ident, &item.generics, &item.ty);
                line(&quote!(pub type #ident #generics = #kind))
            }
            Item::Struct(item) => {
                let (ident, generics) = (&item.ident, &item.generics);
                let bounds = &generics.where_clause;
                let rest = self.fields(&item.fields, path);
                line(&quote!(pub struct #ident #generics #bounds)) + rest
            }
            Item::Enum(item) => {
                let (ident, generics) = (&item.ident, &item.generics);
                let bounds = &generics.where_clause;
                for variant in &item.variants {
                    let (ident, mut fields) = (&variant.ident, variant.fields.clone());
                    fields.iter_mut().for_each(|field| field.attrs.clear());
                    let path = joined(path, &ident.to_string());
                    self.add(&path, &line(&quote!(#ident #fields)));
                }
                line(&quote!(pub enum #ident #generics #bounds))
            }
            Item::Trait(item) => {
                self.trait_items(&item.items, path);
                let (ident, generics, above) = (&item.ident, &item.generics, &item.supertraits);
                let bounds = &generics.where_clause;
                let colon = item.colon_token;
                line(&quote!(pub trait #ident #generics #colon #above #bounds))
            }
            _ => return,
        };
        self.add(path, &(marks + &text));
        self.derives(attributes(item), path);
    }

    /// Lists the public fields of a struct, and says whether it has others.
    fn fields(&mut self, fields: &Fields, path: &Path) -> &'static str {
        let mut rest = "";
        for (number, field) in fields.iter().enumerate() {
            if !is_public(&field.vis) {
                rest = " with private fields";
                continue;
            }
            let kind = &field.ty;
            let name = field.ident.as_ref().map(ToString::to_string);
            let name = name.unwrap_or_else(|| number.to_string());
            self.add(&joined(path, &name), &format!("pub {name}: {}", line(kind)));
        }
        rest
    }

    fn trait_items(&mut self, items: &[TraitItem], path: &Path) {
        for item in items {
            let (name, text) = match item {
                TraitItem::Fn(item) => {
                    let provided = if item.default.is_some() {
                        " { … }"
                    } else {
                        ""
                    };
                    (&item.sig.ident, line(&told(&item.sig)) + provided)
                }
                TraitItem::Const(item) => {
                    let (ident, kind) = (&item.ident, &item.ty);
                    (ident, line(&quote!(const #ident: #kind)))
                }
                TraitItem::Type(item) => {
                    let (ident, colon, bounds) = (&item.ident, item.colon_token, &item.bounds);
                    (ident, line(&quote!(type #ident #colon #bounds)))
                }
                _ => continue,
            };
            self.add(&joined(path, &name.to_string()), &text);
        }
    }

    /// Lists what is derived for a type.
    fn derives(&mut self, attributes: &[Attribute], path: &Path) {
        for attribute in attributes
            .iter()
            .filter(|one| one.path().is_ident("derive"))
        {
            let Meta::List(list) = &attribute.meta else {
                continue;
            };
            for name in list.tokens.to_string().split(',') {
                let name: String = name.split_whitespace().collect();
                if !name.is_empty() {
                    self.add(path, &format!("derive {name}"));
                }
            }
        }
    }

    /// Lists the methods and the traits of all types that can be named.
    fn implementations(&mut self) {
        let modules = self.modules;
        for (module, items) in &modules.items {
            for item in items {
                if let Item::Impl(item) = item {
                    for path in self.owners(module, item) {
                        self.implementation(item, &path);
                    }
                }
            }
        }
    }

    /// The public paths of the type of an implementation; where another crate has the type, those of the trait.
    fn owners(&self, module: &Path, item: &ItemImpl) -> BTreeSet<Path> {
        let of = |path: &syn::Path| {
            let words: Path = path
                .segments
                .iter()
                .map(|word| word.ident.to_string())
                .collect();
            match self.modules.resolve(module, &words, MAX_IMPORTS)? {
                Found::Item(owner, item) => Some((owner, ident(item)?)),
                Found::Module(_) => None,
            }
        };
        let mut kind = &*item.self_ty;
        while let Type::Reference(reference) = kind {
            kind = &reference.elem;
        }
        let owner = match kind {
            Type::Path(kind) => of(&kind.path),
            _ => None,
        };
        let by_trait = || item.trait_.as_ref().and_then(|(path, _)| of(path));
        owner
            .or_else(by_trait)
            .and_then(|owner| self.named.get(&owner).cloned())
            .unwrap_or_default()
    }

    fn implementation(&mut self, item: &ItemImpl, path: &Path) {
        let (generics, kind) = (&item.generics, &item.self_ty);
        let bounds = &generics.where_clause;
        if let Some((name, _)) = &item.trait_ {
            let text = line(&quote!(impl #generics #name for #kind #bounds));
            return self.add(path, &text);
        }
        for item in &item.items {
            let (attributes, visibility, name, text) = match item {
                ImplItem::Fn(item) => {
                    let signature = told(&item.sig);
                    let text = line(&quote!(pub #signature));
                    (&item.attrs, &item.vis, &item.sig.ident, text)
                }
                ImplItem::Const(item) => {
                    let (ident, kind) = (&item.ident, &item.ty);
                    let text = line(&quote!(pub const #ident: #kind));
                    (&item.attrs, &item.vis, ident, text)
                }
                _ => continue,
            };
            if is_public(visibility) && !is_hidden(attributes) {
                let text = marks(attributes) + &text;
                self.add(&joined(path, &name.to_string()), &text);
            }
        }
    }
}

/// A signature as callers have it: whether the function changes its own argument is its own affair.
fn told(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(argument) => {
                if let Pat::Ident(name) = &mut *argument.pat {
                    name.mutability = None;
                }
            }
        }
    }
    signature
}

fn joined(path: &Path, name: &str) -> Path {
    let mut path = path.clone();
    path.push(name.to_owned());
    path
}

const fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Returns whether other crates do not see an item: tests, and what documentation hides.
fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.to_token_stream().to_string();
        let text: String = text.split_whitespace().collect();
        text == "cfg(test)" || text == "doc(hidden)"
    })
}

/// The attributes that belong to what a caller may rely on.
fn marks(attributes: &[Attribute]) -> String {
    let telling = ["cfg", "non_exhaustive", "must_use"];
    let is_telling = |one: &&Attribute| telling.iter().any(|name| one.path().is_ident(name));
    let told = attributes.iter().filter(is_telling);
    told.map(|attribute| line(attribute) + " ").collect()
}

/// The names that an import brings.
fn leaves(import: &ItemUse) -> Vec<Import> {
    let mut found = Vec::new();
    let mut waiting = vec![(Path::new(), &import.tree)];
    while let Some((path, tree)) = waiting.pop() {
        match tree {
            UseTree::Path(next) => {
                waiting.push((joined(&path, &next.ident.to_string()), &next.tree))
            }
            UseTree::Group(group) => {
                waiting.extend(group.items.iter().map(|tree| (path.clone(), tree)));
            }
            UseTree::Glob(_) => found.push(Import { path, name: None }),
            UseTree::Name(name) if name.ident == "self" => {
                let name = path.last().cloned();
                found.push(Import { path, name });
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                let path = joined(&path, &name);
                let name = Some(name);
                found.push(Import { path, name });
            }
            UseTree::Rename(rename) => {
                let path = joined(&path, &rename.ident.to_string());
                let name = Some(rename.rename.to_string());
                found.push(Import { path, name });
            }
        }
    }
    found
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

const fn visibility(item: &Item) -> Option<&Visibility> {
    match item {
        Item::Const(item) => Some(&item.vis),
        Item::Enum(item) => Some(&item.vis),
        Item::Fn(item) => Some(&item.vis),
        Item::Mod(item) => Some(&item.vis),
        Item::Static(item) => Some(&item.vis),
        Item::Struct(item) => Some(&item.vis),
        Item::Trait(item) => Some(&item.vis),
        Item::Type(item) => Some(&item.vis),
        _ => None,
    }
}

fn ident(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        list(&sources.collect()).unwrap().into_iter().collect()
    }

    #[test]
    fn what_another_crate_can_name_is_listed_and_nothing_else() {
        let lib = "pub mod ring; mod inner; #[cfg(test)] pub mod tests_only; fn private() {} pub(crate) fn within() {}";
        let ring = "pub use crate::inner::{Point, far as distant}; use crate::inner::Hidden; \
             pub const BITS: u32 = 160; pub enum Way { Left, Right { by: u8 } } \
             impl Hidden { pub fn unseen(&self) {} } \
             pub trait Walk: Clone { type Step; fn walk(&self) -> Self::Step; fn stop(&self) {} }";
        let inner = "pub struct Hidden; #[derive(Debug, Clone)] #[non_exhaustive] pub struct Point { pub x: u64, y: u64 } \
             impl Point { #[must_use] pub const fn new(x: u64) -> Self { loop {} } fn own(&self) {} #[doc(hidden)] pub fn no(&self) {} } \
             impl From<u64> for Point { fn from(x: u64) -> Self { loop {} } } pub fn far(mut a: &Point) -> bool { true } mod more;";
        let more = "impl super::Point { pub fn twice(mut self) -> Self { loop {} } }";
        let found = lines(&[
            ("lib.rs", lib),
            ("ring.rs", ring),
            ("inner.rs", inner),
            ("inner/more.rs", more),
        ]);
        assert_eq!(
            found,
            [
                "ring  pub mod ring",
                "ring::BITS  pub const BITS: u32",
                "ring::Point  #[non_exhaustive] pub struct Point with private fields",
                "ring::Point  derive Clone",
                "ring::Point  derive Debug",
                "ring::Point  impl From<u64> for Point",
                "ring::Point::new  #[must_use] pub const fn new(x: u64) -> Self",
                "ring::Point::twice  pub fn twice(self) -> Self",
                "ring::Point::x  pub x: u64",
                "ring::Walk  pub trait Walk: Clone",
                "ring::Walk::Step  type Step",
                "ring::Walk::stop  fn stop(&self) { … }",
                "ring::Walk::walk  fn walk(&self) -> Self::Step",
                "ring::Way  pub enum Way",
                "ring::Way::Left  Left",
                "ring::Way::Right  Right { by: u8 }",
                "ring::distant  pub fn far(a: &Point) -> bool",
            ]
        );
    }

    #[test]
    fn imports_of_all_names_and_of_other_crates_are_followed_as_far_as_the_crate_goes() {
        let lib = "mod a; pub use a::*; pub use other::Thing;";
        let a = "pub fn f() {} pub use crate::a::*; pub use super::*;";
        assert_eq!(
            lines(&[("lib.rs", lib), ("a.rs", a)]),
            [
                "*  pub use crate::a",
                "*  pub use super",
                "Thing  pub use other::Thing",
                "f  pub fn f()",
            ]
        );
    }

    #[test]
    fn a_module_without_a_file_is_an_error_that_names_it() {
        let sources = Sources::from([("lib.rs".to_owned(), "mod gone;".to_owned())]);
        let error = list(&sources).unwrap_err();
        assert_eq!(error.to_string(), "there is no file gone/mod.rs");
    }

    #[test]
    fn the_core_is_read_whole() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let target = root.join("target");
        let workspace = crate::workspace::Workspace { root, target };
        let found = list(&super::super::sources::on_disk(&workspace).unwrap()).unwrap();
        for item in [
            "node::Node  pub struct Node with private fields",
            "peer::MAX_DATA  pub const MAX_DATA: usize",
            "base::id::Id  derive Clone",
        ] {
            assert!(found.contains(item), "{item} is not in {found:#?}");
        }
    }
}
