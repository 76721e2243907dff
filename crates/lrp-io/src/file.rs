//! Whole files: read within bounds, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// All bytes of a regular file of at most [`Limits::file_bytes`].
///
/// Fails with [`ErrorKind::Open`] for anything that is not a readable regular file (a directory, a
/// pipe, a device) and with [`ErrorKind::Limit`] for a file that is too long, or grows so while it
/// is read.
///
/// ```
/// use lrp_io::{ErrorKind, Limits, read_file};
///
/// let error = read_file(std::env::temp_dir(), &Limits::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Open);
/// assert!(error.to_string().ends_with("is a directory, not a file"));
/// ```
pub fn read_file(path: impl AsRef<Path>, limits: &Limits) -> Result<Vec<u8>> {
    let path = path.as_ref();
    bounded_bytes(path, limits).map_err(|error| error.in_file(&path.display().to_string()))
}

fn bounded_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    let cannot_read = |error| Error::io(ErrorKind::Open, "cannot read", error);
    // Before opening: opening a pipe waits for its other end.
    let metadata = fs::metadata(path).map_err(cannot_read)?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::Open, "is a directory, not a file"));
    }
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::Open, "is not a regular file"));
    }
    limits.check_file(metadata.len())?;
    let file = File::open(path).map_err(cannot_read)?;
    let mut bytes = Vec::new();
    file.take(limits.file_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(cannot_read)?;
    limits.check_file(bytes.len() as u64)?;
    Ok(bytes)
}

/// The path of a file that another one names, which must lie in the folder or below; the error is the reason,
/// to be read behind the name.
///
/// A file from a stranger may name any path, so `..`, roots and links that lead out are refused.
pub(crate) fn within(folder: &Path, name: &str) -> Result<PathBuf, &'static str> {
    let path = Path::new(name);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    // A backslash parts folders in files made elsewhere.
    if name.is_empty() || name.contains(['\\', '\0']) || !path.components().all(plain) {
        return Err("is not a plain path below the model's folder");
    }
    let missing = |_| "is not there";
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let folder = folder.canonicalize().map_err(missing)?;
    let whole = folder.join(path).canonicalize().map_err(missing)?;
    if whole.starts_with(&folder) { Ok(whole) } else { Err("leads out of the model's folder") }
}

/// Writes a file through a temporary one in the same folder, renamed into place at the end: the
/// path holds the old file or the whole new one, never a part.
///
/// `write` gets a buffered file; the flush, the sync to disk and the rename are done here. A new
/// file gets the permissions that the system gives new files, an existing one keeps its own, and a
/// symbolic link keeps pointing at the file that is replaced. Fails with [`ErrorKind::Write`],
/// with the message of `write` if that is what failed.
///
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("table.txt");
/// lrp_io::write_atomically(&path, |file| writeln!(file, "1 2 3"))?;
/// assert_eq!(std::fs::read_to_string(&path)?, "1 2 3\n");
///
/// let full = lrp_io::write_atomically(&path, |_| Err::<(), _>(std::io::Error::other("no more ideas")));
/// assert!(full.is_err());
/// assert_eq!(std::fs::read_to_string(&path)?, "1 2 3\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn write_atomically<T>(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
) -> Result<T> {
    let path = path.as_ref();
    replace(path, write).map_err(|error| {
        Error::io(ErrorKind::Write, "cannot write", error).in_file(&path.display().to_string())
    })
}

fn replace<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> io::Result<T> {
    let (target, old_permissions) = target_of(path)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Said here, because the system's own words would name the temporary file.
    if !folder.is_dir() {
        return Err(io::Error::other("there is no such folder"));
    }
    let (file, temporary) = new_file_builder().tempfile_in(folder)?.into_parts();
    let mut buffer = BufWriter::new(file);
    let answer = write(&mut buffer)?;
    let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
    if let Some(permissions) = old_permissions {
        file.set_permissions(permissions)?;
    }
    file.sync_all()?;
    temporary.persist(&target).map_err(|error| error.error)?;
    Ok(answer)
}

/// What a rename may replace, and the permissions of the file that is there now.
fn target_of(path: &Path) -> io::Result<(PathBuf, Option<fs::Permissions>)> {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok((path.to_owned(), None));
    }
    let path = fs::canonicalize(path)?;
    let metadata = fs::metadata(&path)?;
    // A rename would put a plain file where a device or a pipe was.
    if !metadata.is_file() {
        return Err(io::Error::other("something that is not a regular file is there"));
    }
    // A rename needs no right to write to the old file, so its protection is honoured here.
    if metadata.permissions().readonly() {
        return Err(io::Error::other("the file there is read only"));
    }
    Ok((path, Some(metadata.permissions())))
}

/// The temporary file is to become an ordinary one, not the private one it is by default.
fn new_file_builder() -> tempfile::Builder<'static, 'static> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only unix has modes to set"))]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}
