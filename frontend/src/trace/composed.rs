//! Places of composed functions: what they record and report carries the caller's line, not theirs.

use std::cell::RefCell;

use pyroxene_ir::Loc;

thread_local! {
    /// Where the outermost composed function that is running was called.
    static CALLED: RefCell<Option<Loc>> = const { RefCell::new(None) };
}

/// Forgets the place at the end of the function that set it, on unwinding too.
struct Forget(bool);

impl Drop for Forget {
    fn drop(&mut self) {
        if self.0 {
            CALLED.with(|c| c.replace(None));
        }
    }
}

/// Runs `f`, a function of tensors made of others, for a caller at `loc`. It must not run code of the user's, whose lines
/// are places of their own.
pub(crate) fn composed<R>(loc: Loc, f: impl FnOnce() -> R) -> R {
    let outermost = CALLED.with(|c| {
        let mut called = c.borrow_mut();
        let outermost = called.is_none();
        called.get_or_insert(loc);
        outermost
    });
    let _forget = Forget(outermost);
    f()
}

/// The place to blame for what happens at `loc`.
pub(super) fn place(loc: Loc) -> Loc {
    CALLED.with(|c| c.borrow().clone()).unwrap_or(loc)
}
