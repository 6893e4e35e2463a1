using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

public sealed class CancellableLazyTests
{
    [Fact]
    public void Value_IsComputedOnce()
    {
        int count = 0;
        var lazy = new CancellableLazy<string>(_ => $"value {++count}");

        lazy.Get(default).Should().Be("value 1");
        lazy.Get(new CancellationToken(canceled: true)).Should().BeSameAs(lazy.Get(default), "what is known needs no work");
    }

    [Fact]
    public void Computation_ThatWasCancelled_IsBegunAfresh()
    {
        int count = 0;
        var lazy = new CancellableLazy<string>(token =>
        {
            count++;
            token.ThrowIfCancellationRequested();
            return "value";
        });

        FluentActions.Invoking(() => lazy.Get(new CancellationToken(canceled: true))).Should().Throw<OperationCanceledException>();

        lazy.Get(default).Should().Be("value");
        count.Should().Be(2);
    }

    [Fact]
    public async Task Wait_ForTheComputationOfAnotherThread_IsCancelledByItself()
    {
        using var begun = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        var lazy = new CancellableLazy<string>(_ =>
        {
            begun.Set();
            finish.Wait(CancellationToken.None);
            return "value";
        });
        Task<string> first = Task.Factory.StartNew(() => lazy.Get(default), default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        begun.Wait();

        FluentActions.Invoking(() => lazy.Get(new CancellationToken(canceled: true))).Should().Throw<OperationCanceledException>();

        finish.Set();
        (await first).Should().Be("value");
    }
}
