using System.Collections.Concurrent;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Training;

/// <summary>How many threads share a training's work.</summary>
public sealed class ShardTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Team_HasNoMoreThreadsThanItsSize(int size)
    {
        using var team = new ShardTeam(size);
        var threads = new ConcurrentDictionary<int, bool>();
        int done = 0;

        team.Run(60, _ =>
        {
            threads[Environment.CurrentManagedThreadId] = true;
            Interlocked.Increment(ref done);
            Thread.Sleep(1);
        });

        done.Should().Be(60);
        threads.Count.Should().BeInRange(1, size);
        threads.Keys.Should().Contain(Environment.CurrentManagedThreadId);
    }

    [Fact]
    public void WorkForOne_IsTheCallersOwn()
    {
        using var team = new ShardTeam(4);
        var threads = new ConcurrentDictionary<int, bool>();

        for (int time = 0; time < 5_000; time++)
        {
            team.Run(1, _ => threads[Environment.CurrentManagedThreadId] = true);
        }

        threads.Keys.Should().Equal(Environment.CurrentManagedThreadId);
    }
}
