using FluentAssertions;

namespace VariationalInference.Tests;

/// <summary>Checks that a bad argument is refused with its name, its value and what would be allowed.</summary>
internal static class Refusal
{
    public static void Of<TException>(Action action, string parameter, string message)
        where TException : ArgumentException
    {
        TException exception = action.Should().ThrowExactly<TException>().Which;
        exception.ParamName.Should().Be(parameter);
        exception.Message.Should().StartWith(message);
    }
}
