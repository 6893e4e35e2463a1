using System.Numerics.Tensors;

namespace VariationalInference.Tests.Training;

/// <summary>Least squares of y on two columns x, as an objective of its own: slopes in one block of parameters, the intercept in another.</summary>
/// <remarks>Carries the number of visits with each row. A row is x₁, x₂, y.</remarks>
internal sealed class LeastSquares(LeastSquaresRows heldOut, Action? stepping = null) : TrainingObjective<LeastSquaresRows, TrainingEpoch>
{
    public const int Width = 3;

    private readonly double[] _slopes = [0.5, -0.5];
    private readonly double[] _intercept = [0.25];

    public override int BlockCount => 2;

    public override UInt128 Fingerprint => 1;

    public override string GivenName => "The weights";

    public override UInt128 HeldOutFingerprint
    {
        get
        {
            using var fingerprint = new BitFingerprint();
            heldOut.AddTo(fingerprint);
            return fingerprint.Value();
        }
    }

    public override int NumbersCarriedByRow => 1;

    public override string CarriedName => "counts of visits";

    public override string CarriedOptions => "rows and columns";

    /// <summary>Gets the slopes, then the intercept.</summary>
    public double[] Parameters => [.. _slopes, .. _intercept];

    public override Memory<double> Block(int block) => block == 0 ? _slopes : _intercept;

    public override void Prepare() => stepping?.Invoke();

    public override ITrainingWorker<LeastSquaresRows> NewWorker(int capacity, double[] carried) => new Worker(this, carried);

    public override TrainingJudgement Judge()
    {
        double[] squares = [.. Enumerable.Range(0, heldOut.Count).Select(n => Math.Pow(Residual(heldOut.Row(n)), 2))];
        return new TrainingJudgement(squares.Average(), squares.Max());
    }

    public override bool IsGoodEnough(double loss) => loss < 1e-20;

    public override double RequiredImprovement(double loss) => 0;

    public override Exception Unjudgeable(double loss) => new NonFiniteValueException($"The loss is {loss}.");

    public override TrainingEpoch Describe(in TrainingEpoch epoch) => epoch;

    public override void RequireSame(TrainingState<TrainingEpoch> checkpoint)
    {
    }

    private double Residual(ReadOnlySpan<double> row) => row[2] - TensorPrimitives.Dot(row[..2], _slopes) - _intercept[0];

    private sealed class Worker(LeastSquares objective, double[] visits) : ITrainingWorker<LeastSquaresRows>
    {
        public ShardSums Run(ReadOnlySpan<RowReference<LeastSquaresRows>> rows, int streamSeed, Span<double> gradient)
        {
            gradient.Clear();
            double sum = 0;
            foreach (RowReference<LeastSquaresRows> reference in rows)
            {
                ReadOnlySpan<double> row = reference.Rows.Row(reference.Index);
                double residual = objective.Residual(row);
                sum -= 0.5 * residual * residual;
                gradient[0] += residual * row[0];
                gradient[1] += residual * row[1];
                gradient[2] += residual;
                visits[reference.Number]++;
            }

            return new ShardSums(sum, Shortfall: 0);
        }
    }
}
