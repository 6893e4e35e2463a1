using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Persistence;

public sealed class EncoderFileExceptionTests
{
    [Fact]
    public void StandardConstructors_KeepTheirArguments()
    {
        var cause = new InvalidOperationException();

        new EncoderFileException().Message.Should().NotBeEmpty();
        new EncoderFileException("text").Message.Should().Be("text");
        new EncoderFileException("text", cause).InnerException.Should().BeSameAs(cause);
        new EncoderFileException("text").FileName.Should().BeNull();
    }

    [Fact]
    public void Message_NamesTheFileOrTheStream()
    {
        var exception = new EncoderFileException("a/b.safetensors", $"it has {0.5} bytes.");

        exception.Message.Should().Be("a/b.safetensors: it has 0.5 bytes.");
        exception.FileName.Should().Be("a/b.safetensors");
        new EncoderFileException(null, $"it ends.").Message.Should().Be("The stream: it ends.");
    }
}
