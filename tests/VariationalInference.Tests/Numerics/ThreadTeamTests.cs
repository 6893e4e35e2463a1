using System.Collections.Concurrent;
using FluentAssertions;
using Xunit;

namespace VariationalInference.Tests.Numerics;

/// <summary>Work shared out among threads.</summary>
public sealed class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Team_HasNoMoreThreadsThanItsSize(int size)
    {
        using var team = new ThreadTeam(size);
        var threads = new ConcurrentDictionary<int, bool>();
        int done = 0;

        team.Run(60, (_, _) =>
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
        using var team = new ThreadTeam(4);
        var threads = new ConcurrentDictionary<int, bool>();

        for (int time = 0; time < 5_000; time++)
        {
            team.Run(1, (_, _) => threads[Environment.CurrentManagedThreadId] = true);
        }

        threads.Keys.Should().Equal(Environment.CurrentManagedThreadId);
    }

    [Fact]
    public void EveryNumber_IsDoneOnce_AndNoMemberDoesTwoAtATime()
    {
        using var team = new ThreadTeam(4);
        var counts = new int[64];
        var busy = new int[4];
        int clashes = 0;

        for (int call = 0; call < 20_000; call++)
        {
            int count = call % 65;
            team.Run(count, (member, number) =>
            {
                clashes += Interlocked.Exchange(ref busy[member], 1);
                Interlocked.Increment(ref counts[number]);
                Volatile.Write(ref busy[member], 0);
            });
        }

        clashes.Should().Be(0);
        for (int number = 0; number < counts.Length; number++)
        {
            counts[number].Should().Be(Enumerable.Range(0, 20_000).Count(call => call % 65 > number));
        }
    }

    [Fact]
    public void TeamsWithinTeams_FromManyThreads_Finish()
    {
        int done = 0;

        ThreadTeam.For(8, 16, _ => ThreadTeam.For(8, 16, _ => ThreadTeam.For(4, 4, _ => Interlocked.Increment(ref done))));

        done.Should().Be(16 * 16 * 4);
    }

    [Fact]
    public void Failure_IsThrownToTheCaller_AndTheTeamGoesOn()
    {
        using var team = new ThreadTeam(3);

        team.Invoking(each => each.Run(50, (_, number) =>
        {
            if (number == 20)
            {
                throw new InvalidOperationException("twenty");
            }
        })).Should().Throw<InvalidOperationException>().WithMessage("twenty");

        int done = 0;
        team.Run(50, (_, _) => Interlocked.Increment(ref done));
        done.Should().Be(50);
    }

    [Fact]
    public void Run_AllocatesNothing()
    {
        using var team = new ThreadTeam(2);
        Action<int, int> work = static (_, _) => { };
        team.Run(8, work);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int call = 0; call < 1_000; call++)
        {
            team.Run(8, work);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }
}
