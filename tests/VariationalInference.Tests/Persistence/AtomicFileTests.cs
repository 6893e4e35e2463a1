using System.Runtime.Versioning;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Persistence;

public sealed class AtomicFileTests : IDisposable
{
    private static readonly byte[] Old = [1, 2, 3];
    private static readonly byte[] New = [9, 8, 7, 6];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void NewFile_HasTheContentsAndNothingElseIsLeft()
    {
        AtomicFile.Write(_folder.File("a"), stream => stream.Write(New));

        File.ReadAllBytes(_folder.File("a")).Should().Equal(New);
        _folder.Names.Should().Equal("a");
    }

    [Fact]
    public void OldFile_IsReplaced()
    {
        File.WriteAllBytes(_folder.File("a"), Old);

        AtomicFile.Write(_folder.File("a"), stream => stream.Write(New));

        File.ReadAllBytes(_folder.File("a")).Should().Equal(New);
        _folder.Names.Should().Equal("a");
    }

    [Fact]
    public void OldFile_IsWholeUntilTheNewOneIs()
    {
        string path = _folder.File("a");
        File.WriteAllBytes(path, Old);
        byte[] meanwhile = [];
        string[] names = [];

        AtomicFile.Write(path, stream =>
        {
            stream.Write(New);
            stream.Flush();
            meanwhile = File.ReadAllBytes(path);
            names = [.. _folder.Names];
        });

        meanwhile.Should().Equal(Old);
        names.Should().HaveCount(2, "only a file in the same folder can take the old one's name in one step").And.Contain("a");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void FailureWhileWriting_LeavesTheOldFileAndNothingElse(bool exists)
    {
        string path = _folder.File("a");
        if (exists)
        {
            File.WriteAllBytes(path, Old);
        }

        Action write = () => AtomicFile.Write(path, stream =>
        {
            stream.Write(New);
            stream.Flush();
            throw new IOException("the disk is full");
        });

        write.Should().Throw<IOException>().WithMessage("the disk is full");
        _folder.Names.Should().Equal(exists ? ["a"] : []);
        if (exists)
        {
            File.ReadAllBytes(path).Should().Equal(Old);
        }
    }

    [Fact]
    public void Folder_IsNotReplaced()
    {
        Directory.CreateDirectory(_folder.File("a"));

        Action write = () => AtomicFile.Write(_folder.File("a"), stream => stream.Write(New));

        write.Should().Throw<UnauthorizedAccessException>().WithMessage("*a is a folder; it must be a file or not exist.");
        _folder.Names.Should().Equal("a");
    }

    [Fact]
    public void ReadOnlyFile_IsNotReplaced()
    {
        string path = _folder.File("a");
        File.WriteAllBytes(path, Old);
        File.SetAttributes(path, FileAttributes.ReadOnly);

        Action write = () => AtomicFile.Write(path, stream => stream.Write(New));

        write.Should().Throw<UnauthorizedAccessException>().WithMessage("*a is read-only; it must be writable or not exist.");
        File.ReadAllBytes(path).Should().Equal(Old);
        _folder.Names.Should().Equal("a");
        File.SetAttributes(path, FileAttributes.Normal);
    }

    [Fact]
    public void MissingFolder_IsNamed()
    {
        Action write = () => AtomicFile.Write(Path.Combine(_folder.File("none"), "a"), stream => stream.Write(New));

        write.Should().Throw<DirectoryNotFoundException>();
        _folder.Names.Should().BeEmpty();
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void OnUnix_PermissionsAndLinksStayAndDevicesAreRefused()
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.WriteAllBytes(_folder.File("a"), Old);
        File.SetUnixFileMode(_folder.File("a"), Private);
        File.CreateSymbolicLink(_folder.File("link"), "a");

        AtomicFile.Write(_folder.File("link"), stream => stream.Write(New));
        Action device = () => AtomicFile.Write("/dev/null", stream => stream.Write(New));

        File.ReadAllBytes(_folder.File("a")).Should().Equal(New);
        File.GetUnixFileMode(_folder.File("a")).Should().Be(Private);
        new FileInfo(_folder.File("link")).LinkTarget.Should().Be("a");
        _folder.Names.Should().Equal("a", "link");
        device.Should().Throw<UnauthorizedAccessException>().WithMessage("/dev/null is a device; it must be a file on a disk.");
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void OnUnix_LinkToALink_StaysAndTheFileBehindThemIsReplaced()
    {
        File.WriteAllBytes(_folder.File("a"), Old);
        File.CreateSymbolicLink(_folder.File("near"), "a");
        File.CreateSymbolicLink(_folder.File("far"), "near");

        AtomicFile.Write(_folder.File("far"), stream => stream.Write(New));

        File.ReadAllBytes(_folder.File("a")).Should().Equal(New);
        new FileInfo(_folder.File("near")).LinkTarget.Should().Be("a");
        new FileInfo(_folder.File("far")).LinkTarget.Should().Be("near");
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void OnUnix_PermissionsThatTheProcessWouldNotGiveANewFile_Stay()
    {
        const UnixFileMode Shared = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        File.WriteAllBytes(_folder.File("a"), Old);
        File.SetUnixFileMode(_folder.File("a"), Shared);

        AtomicFile.Write(_folder.File("a"), stream => stream.Write(New));

        File.GetUnixFileMode(_folder.File("a")).Should().Be(Shared);
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void OnUnix_FolderThatVanishesMeanwhile_DoesNotHideWhyWritingFailed()
    {
        string folder = _folder.File("folder");
        Directory.CreateDirectory(folder);

        Action write = () => AtomicFile.Write(Path.Combine(folder, "a"), stream =>
        {
            Directory.Delete(folder, recursive: true);
            throw new InvalidOperationException("a parameter is not finite");
        });

        write.Should().Throw<InvalidOperationException>().WithMessage("a parameter is not finite");
    }

    [UnixFact("/dev/shm")]
    public void OnLinux_FileInSharedMemory_IsNoDevice()
    {
        string path = $"/dev/shm/{Path.GetRandomFileName()}";
        AtomicFile.Write(path, stream => stream.Write(New));

        File.ReadAllBytes(path).Should().Equal(New);
        File.Delete(path);
    }
}
