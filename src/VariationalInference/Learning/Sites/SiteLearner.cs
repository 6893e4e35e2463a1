using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace VariationalInference;

/// <summary>Learns parameters from rows: from several starts on some of the rows, then from the best on all.</summary>
internal sealed class SiteLearner
{
    /// <summary>Starts climb on so many rows; that brings them close enough for a few Newton steps on all.</summary>
    private const int SampleRows = 1000;

    /// <summary>So far, in standard errors, starts climb before they are compared.</summary>
    private const double StartTolerance = 1e-2;

    private const int MostStartIterations = 60;

    private readonly SiteParameters _parameters;
    private readonly SiteRows _rows;

    public SiteLearner(SiteParameters parameters, SiteRows rows)
    {
        _parameters = parameters;
        _rows = rows;
    }

    /// <summary>Gets the largest number of steps on all rows.</summary>
    public required int MaxIterations { get; init; }

    /// <summary>Gets how far the parameters may be from the optimum, in standard errors.</summary>
    public required double Tolerance { get; init; }

    public required int Starts { get; init; }

    public required int Seed { get; init; }

    public required int MaxThreads { get; init; }

    /// <summary>Learns.</summary>
    /// <exception cref="NonFiniteValueException">No start has a finite ELBO.</exception>
    public SiteLearned Learn(IProgress<double>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        double[] start = BestStart(cancellationToken);
        using var profile = new SiteProfile(_parameters, _rows, MaxThreads);
        var ascent = new ProfileAscent(profile, start);
        ascent.Run(Tolerance, MaxIterations, progress, cancellationToken);
        if (ascent.Curvature is null)
        {
            Guard.ThrowNonFinite("The ELBO", ascent.Value, row: 0, iteration: 0);
        }

        ToAxes(ascent);
        return new SiteLearned
        {
            Parameters = _parameters,
            Places = _rows.Places,
            Theta = ascent.Theta,
            Point = _parameters.At(ascent.Theta)!,
            States = ascent.States,
            Elbo = ascent.Value,
            ElboTrace = ascent.Trace,
            StopReason = ascent.Reason,
            Distance = ascent.Distance,
            Covariance = SiteCovariance.Of(_parameters, ascent.Theta, ascent.Curvature),
        };
    }

    private double[] BestStart(CancellationToken cancellationToken)
    {
        SiteRows rows = _rows.Count > 2 * SampleRows ? _rows.Sample(SampleRows) : _rows;
        double[]? best = null;
        double most = double.NegativeInfinity;
        using var profile = new SiteProfile(_parameters, rows, MaxThreads);
        for (int start = 0; start < Starts && (best is null || !cancellationToken.IsCancellationRequested); start++)
        {
            var ascent = new ProfileAscent(profile, SiteStarts.Of(_parameters, rows, start, Seed));
            ascent.Run(StartTolerance, Math.Min(MostStartIterations, MaxIterations), null, cancellationToken);
            if (best is null || ascent.Value > most)
            {
                (best, most) = (ascent.Theta, ascent.Value);
            }
        }

        return best!;
    }

    /// <summary>Turns the latents to principal axes of the loadings, the largest first, and to positive sums.</summary>
    private void ToAxes(ProfileAscent ascent)
    {
        int latents = _parameters.Latents;
        Matrix<double> loadings = Matrix<double>.Build.Dense(
            _parameters.Columns.Length, latents, (k, j) => ascent.Theta[_parameters.Places(k)[j]]);
        Matrix<double> turn = Matrix<double>.Build.DenseIdentity(latents);
        if (_parameters.CanTurn)
        {
            Evd<double> spectrum = loadings.TransposeThisAndMultiply(loadings).Evd(Symmetricity.Symmetric);
            turn = Matrix<double>.Build.Dense(latents, latents, (i, j) => spectrum.EigenVectors[i, latents - 1 - j]);
        }

        Matrix<double> turned = loadings * turn;
        for (int j = 0; j < latents; j++)
        {
            if (turned.Column(j).Sum() < 0)
            {
                turn.SetColumn(j, -turn.Column(j));
            }
        }

        turned = loadings * turn;
        double[] theta = [.. ascent.Theta];
        for (int k = 0; k < loadings.RowCount; k++)
        {
            for (int j = 0; j < latents; j++)
            {
                theta[_parameters.Places(k)[j]] = turned[k, j];
            }
        }

        if (!theta.AsSpan().SequenceEqual(ascent.Theta))
        {
            ascent.Turn(theta, turn.ToRowMajorArray());
        }
    }
}
