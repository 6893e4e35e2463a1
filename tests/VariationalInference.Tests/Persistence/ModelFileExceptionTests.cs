using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Persistence;

public sealed class ModelFileExceptionTests
{
    [Fact]
    public void StandardConstructors_KeepTheirArguments()
    {
        var cause = new InvalidOperationException();

        new ModelFileException().Message.Should().NotBeEmpty();
        new ModelFileException("text").Message.Should().Be("text");
        new ModelFileException("text", cause).InnerException.Should().BeSameAs(cause);
        new ModelFileException("text").FileName.Should().BeNull();
    }

    [Fact]
    public void Message_NamesTheFileOrTheStream()
    {
        var exception = new ModelFileException("a/b.safetensors", $"it has {0.5} bytes.");

        exception.Message.Should().Be("a/b.safetensors: it has 0.5 bytes.");
        exception.FileName.Should().Be("a/b.safetensors");
        new ModelFileException(null, $"it ends.").Message.Should().Be("The stream: it ends.");
    }
}
