using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class NonFiniteValueExceptionTests
{
    [Fact]
    public void StandardConstructors_KeepTheirArguments()
    {
        var cause = new InvalidOperationException();

        new NonFiniteValueException().Message.Should().NotBeEmpty();
        new NonFiniteValueException("text").Message.Should().Be("text");
        new NonFiniteValueException("text", cause).InnerException.Should().BeSameAs(cause);
        new NonFiniteValueException("text").Quantity.Should().BeEmpty();
    }

    [Fact]
    public void Message_NamesQuantityValueRowAndIteration()
    {
        var exception = new NonFiniteValueException("the ELBO", double.NaN, row: 3, iteration: 14);

        exception.Message.Should().StartWith("the ELBO is NaN in row 3 at iteration 14;");
        exception.Quantity.Should().Be("the ELBO");
        exception.Row.Should().Be(3);
        exception.Iteration.Should().Be(14);
    }

    [Fact]
    public void MessageWithoutAValue_NamesQuantityAndRow()
    {
        var exception = new NonFiniteValueException("the gradient", row: 7);

        exception.Message.Should().Be("the gradient is not finite in row 7; it must be.");
        exception.Quantity.Should().Be("the gradient");
        exception.Row.Should().Be(7);
    }
}
